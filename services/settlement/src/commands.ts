/** Answers the requests of partners, by the rules of all commands: only below the inbox of the address that asks. */
import { Refusal } from '@consign/envelope'
import type { connectNats } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import { type AcknowledgingOptions, acknowledge } from './acknowledging.ts'

// × a few KiB of signatures = under a MiB. Whoever comes beyond is asked to come again.
const REQUESTS_AT_ONCE_MAX = 64

type NatsConnection = Awaited<ReturnType<typeof connectNats>>
type Request = { subject: string; data: Uint8Array; reply?: string }
type Answer = { ok: true } | { error: { code: string; message: string; retry: boolean } }

export type CommandOptions = AcknowledgingOptions & {
  nats: NatsConnection
  logger: Logger
  metrics: Metrics
  signal: AbortSignal
}

/**
 * Serves `cmd.<address>.acknowledge` until `signal` aborts; resolves when the requests under way are answered, `{ ok: true, … }` or
 * `{ error: { code, message, retry } }`. What is for another payer's agreement is left to its settlement.
 */
export async function serveAcknowledgements(options: CommandOptions): Promise<void> {
  const { nats, signal, journal, metrics } = options
  const requests = metrics.counter<'code'>({
    name: 'consign_settlement_requests_total',
    help: 'Acknowledgements that parties sent, by answer: ok or why not',
    labels: ['code'],
  })
  const name = subjects.command('*', 'acknowledge')
  const subscription = nats.subscribe(name, { queue: `settlement-${journal.address}` })
  await nats.flush()
  signal.addEventListener('abort', () => subscription.unsubscribe())
  const underWay = new Set<Promise<void>>()
  for await (const request of subscription) {
    const isBusy = underWay.size >= REQUESTS_AT_ONCE_MAX
    const answered = answerRequest(options, request, isBusy)
      .then((code) => requests.inc({ code }))
      .finally(() => underWay.delete(answered))
    underWay.add(answered)
  }
  await Promise.all(underWay)
}

// The code of the answer, for the metrics.
async function answerRequest(
  options: CommandOptions,
  { subject, data, reply }: Request,
  isBusy: boolean,
): Promise<string> {
  const { logger, nats } = options
  const [, address = ''] = subject.split('.')
  if (!/^0x[0-9a-f]{40}$/.test(address) || !reply?.startsWith(`_INBOX_${address}.`)) {
    logger.warn(
      { subject, reply },
      'no answer: requests need an inbox below _INBOX_<address>., in lower case',
    )
    return 'command.inbox'
  }
  const answer = isBusy ? busy() : await perform(options, address as Hex, data)
  if (answer === undefined) return 'foreign'
  if ('error' in answer) logger.info({ subject, ...answer.error }, 'request refused')
  nats.publish(reply, JSON.stringify(answer))
  options.step('settlement.replied')
  return 'error' in answer ? answer.error.code : 'ok'
}

async function perform(options: CommandOptions, address: Hex, data: Uint8Array): Promise<Answer | undefined> {
  try {
    return await acknowledge(options, address, parseJson(data))
  } catch (error) {
    if (error instanceof Refusal) return refused(error.code, error.message, error.retry)
    options.logger.error({ err: error }, 'a request met an unexpected error')
    return refused('internal', 'this request met a fault of ours; try it again later', true)
  }
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
  } catch (cause) {
    throw new Refusal('command.json', 'the request is not JSON; send one JSON document', { cause })
  }
}

const busy = () => refused('command.busy', 'too many requests at once; send it again in a moment', true)

const refused = (code: string, message: string, retry: boolean): Answer => ({
  error: { code, message, retry },
})
