/** `cmd.<address>.acknowledge`: a party says how much it got off chain in all, signed (EIP-712; wallet and ML-DSA), so that its guarantee covers so much less. */
import { randomUUID } from 'node:crypto'
import type { TxJournal } from '@consign/chain'
import { native, Refusal } from '@consign/envelope'
import { type EventLog, execute, loadState } from '@consign/eventlog'
import { type Hex, parseEvent, subjects } from '@consign/events'
import { general, partyByWallet, payer, type Terms, verifyAcknowledgement } from '@consign/terms'
import { z } from 'zod'
import type { Acknowledged } from './domain/acknowledgement.ts'
import { acknowledgeCall, releaseCall } from './domain/calls.ts'
import { settlementDecider } from './domain/settlement.ts'

export type AcknowledgingOptions = {
  log: EventLog
  /** of the payer's wallet */
  journal: TxJournal
  step: (name: string) => void
  /** ms UTC */
  now: () => number
  /** told of every acknowledgement that holds, also of one that is told again */
  onAcknowledged: (agreement: Hex) => void
}

const hexText = z.string().regex(/^0x(?:[0-9a-f]{2})*$/, 'must be lower-case hex')
const request = z.strictObject({
  agreement: z.string().regex(/^0x[0-9a-f]{40}$/, 'must be an address in lower case'),
  cumulative: z.string().regex(/^[1-9][0-9]{0,77}$/, 'must be an amount in the smallest unit'),
  signature: z.strictObject({ ecdsa: hexText, mlDsa: hexText }),
})

/**
 * Resolves when it is in the log; undefined when another payer's settlement answers. The same again gets the same answer. Throws Refusal
 * 'acknowledgement.request', 'acknowledgement.agreement' (unknown), 'acknowledgement.…' of what it says, 'acknowledgement.signature.…'.
 */
export async function acknowledge(options: AcknowledgingOptions, address: Hex, asked: unknown) {
  const { log, journal } = options
  const parsed = request.safeParse(asked)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const where = issue?.path.join('.') || 'the request'
    throw new Refusal('acknowledgement.request', `${where} ${issue?.message ?? 'is wrong'}`)
  }
  const agreement = parsed.data.agreement as Hex
  const terms = await termsOf(log, agreement)
  if (payer(terms).wallet !== journal.address) return undefined
  const party = partyByWallet(terms, address)
  if (party === undefined)
    throw new Refusal('acknowledgement.party', `${address} is no party of ${agreement}`)
  const { cumulative, signature } = parsed.data as Omit<Acknowledged, 'party'>
  const said = { party: address, cumulative: BigInt(cumulative) }
  const where = { chainId: general(terms).chainId, agreement }
  await verifyAcknowledgement(native, party, where, said, signature)
  await record(options, { agreement, terms }, { party: address, cumulative, signature })
  options.onAcknowledged(agreement)
  return { ok: true as const, agreement, cumulative }
}

async function record(
  { log, journal, step, now }: AcknowledgingOptions,
  of: { agreement: Hex; terms: Terms },
  acknowledged: Acknowledged,
): Promise<void> {
  const { agreement } = of
  const subject = subjects.settlement(agreement)
  const links = { stamp: () => ({ id: randomUUID(), time: now() }), correlation: agreement }
  const command = { type: 'acknowledge', ...acknowledged } as const
  const events = await execute(log, settlementDecider, subject, command, links)
  if (events.length > 0) step('settlement.acknowledged')
  const { concluded } = (await loadState(log, settlementDecider, subject)).state
  if (!concluded) return
  // Nobody waits for it any more; the contract takes it, and gives back what it frees.
  await journal.submit(acknowledgeCall(agreement, acknowledged))
  await journal.submit(releaseCall(of, acknowledged.party, BigInt(acknowledged.cumulative)))
}

async function termsOf(log: EventLog, agreement: Hex): Promise<Terms> {
  for await (const { data } of log.read([subjects.custody(agreement)])) {
    const event = parseEvent(data)
    if (event.type === 'custody.agreement.signed.v1') return event.data.terms
  }
  throw new Refusal('acknowledgement.agreement', `no agreement ${agreement} is known here`)
}
