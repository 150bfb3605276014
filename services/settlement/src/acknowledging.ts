/**
 * Serves `cmd.<address>.acknowledge { agreement, cumulative, signature }`: a party signs what it got off chain in all (EIP-712 Acknowledgement: wallet and ML-DSA).
 * Answers `{ ok: true }` or `{ error: { code, message, retry } }` below the inbox of that address. Each organisation's settlement answers for its own
 * agreements and is silent about others.
 */
import { randomUUID } from 'node:crypto'
import { native, Refusal } from '@consign/envelope'
import { type connectNats, type EventLog, execute } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'
import type { Logger } from '@consign/runtime'
import { partyByWallet, verifyAcknowledgement } from '@consign/terms'
import type { Msg } from '@nats-io/nats-core'
import { z } from 'zod'
import type { AgreementFile } from './domain/agreement-file.ts'
import { settlementDecider } from './domain/settlement.ts'
import type { Filing } from './filing.ts'

export type AcknowledgingOptions = {
  nats: Awaited<ReturnType<typeof connectNats>>
  log: EventLog
  filing: Filing
  chainId: number
  logger: Logger
  step: (name: string) => void
  signal: AbortSignal
  /** ms UTC */
  now: () => number
}

/** × under 10 KiB (an ML-DSA signature in hex) = 640 KiB. Whoever comes beyond waits for an answer that does not come, and asks again. */
const REQUESTS_AT_ONCE_MAX = 64

const hexText = z.custom<Hex>((value) => typeof value === 'string' && /^0x(?:[0-9a-f]{2})*$/.test(value))
const requestSchema = z.strictObject({
  agreement: z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]{40}$/.test(value)),
  cumulative: z.string().regex(/^(0|[1-9][0-9]{0,77})$/, 'must be a decimal string'),
  signature: z.strictObject({ ecdsa: hexText, mlDsa: hexText }),
})
type Request = z.output<typeof requestSchema>

/** Until the signal aborts; resolves when the requests under way are answered. */
export async function serveAcknowledgements(options: AcknowledgingOptions): Promise<void> {
  const { nats, signal } = options
  const requests = nats.subscribe('cmd.*.acknowledge')
  await nats.flush()
  signal.addEventListener('abort', () => requests.unsubscribe())
  const underWay = new Set<Promise<void>>()
  for await (const request of requests) {
    if (underWay.size >= REQUESTS_AT_ONCE_MAX) continue
    const answered = answer(options, request).finally(() => underWay.delete(answered))
    underWay.add(answered)
  }
  await Promise.all(underWay)
}

async function answer(options: AcknowledgingOptions, message: Msg): Promise<void> {
  const [, address = ''] = message.subject.split('.')
  const { reply } = message
  if (!/^0x[0-9a-f]{40}$/.test(address) || !reply?.startsWith(`_INBOX_${address}.`)) return
  const asked = requestSchema.safeParse(jsonOf(message.data))
  const file = asked.success ? options.filing.of(asked.data.agreement) : undefined
  if (asked.success && file === undefined) return
  const outcome = asked.success && file ? await perform(options, file, address as Hex, asked.data) : MALFORMED
  if ('error' in outcome)
    options.logger.info({ subject: message.subject, ...outcome.error }, 'request refused')
  options.nats.publish(reply, JSON.stringify(outcome))
}

type Outcome = { ok: true } | { error: { code: string; message: string; retry: boolean } }

const MALFORMED: Outcome = {
  error: {
    code: 'acknowledge.request',
    message: 'the request must be { agreement, cumulative, signature: { ecdsa, mlDsa } }; correct it',
    retry: false,
  },
}

async function perform(
  options: AcknowledgingOptions,
  file: AgreementFile,
  address: Hex,
  request: Request,
): Promise<Outcome> {
  try {
    await acknowledge(options, file, address, request)
    return { ok: true }
  } catch (error) {
    if (error instanceof Refusal)
      return { error: { code: error.code, message: error.message, retry: error.retry } }
    options.logger.error({ err: error }, 'an acknowledgement met an unexpected error')
    return {
      error: {
        code: 'internal',
        message: 'this request met a fault of ours; try it again later',
        retry: true,
      },
    }
  }
}

async function acknowledge(
  { log, chainId, step, now }: AcknowledgingOptions,
  file: AgreementFile,
  wallet: Hex,
  { cumulative, signature }: Request,
): Promise<void> {
  const { agreement, shipment, terms, paid } = file
  const party = partyByWallet(terms, wallet)
  if (party === undefined) throw new Refusal('acknowledgement.party', `${wallet} is no party of ${agreement}`)
  const got = paid.get(wallet) ?? 0n
  if (BigInt(cumulative) > got)
    throw new Refusal(
      'acknowledgement.amount',
      `${wallet} was paid ${got} so far; do not acknowledge ${cumulative}, which it could never claim again`,
      { retry: true },
    )
  const message = { party: wallet, cumulative: BigInt(cumulative) }
  await verifyAcknowledgement(native, party, { chainId, agreement }, message, signature)
  const command = { type: 'acknowledge', agreement, shipment, wallet, cumulative, signature } as const
  const stamp = () => ({ id: randomUUID(), time: now() })
  const subject = subjects.settlement(agreement)
  const events = await execute(log, settlementDecider, subject, command, { stamp, correlation: agreement })
  if (events.length > 0) step('settlement.acknowledged')
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data))
  } catch {
    return undefined
  }
}
