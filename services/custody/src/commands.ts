import { Refusal } from '@consign/envelope'
import type { connectNats, EventLog } from '@consign/eventlog'
import type { Hex } from '@consign/events'
import { type Logger, step } from '@consign/runtime'
import { headers, type Msg } from '@nats-io/nats-core'
import { submitManualCut } from './manual-cut-request.ts'
import { replayFeed } from './replay.ts'
import { type RequestContext, submitAccept, submitAgreement } from './requests.ts'
import { submitTenderRefusal } from './tender-refusal-request.ts'

type NatsConnection = Awaited<ReturnType<typeof connectNats>>

// × 1 MiB, the most that NATS carries in one message = 64 MiB. Whoever comes beyond is asked to come again.
const REQUESTS_AT_ONCE_MAX = 64

const COMMANDS = ['agreement', 'accept', 'manualCut', 'refuseTender', 'replay'] as const

/** Header of the last message of a replay; its body says where to go on. */
export const REPLAY_END_HEADER = 'Consign-Replay'

export type CommandOptions = {
  nats: NatsConnection
  eventLog: EventLog
  context: RequestContext
  log: Logger
  signal: AbortSignal
  onAnswer: (command: string, code: string) => void
}

type Answer = { ok: true } | { error: { code: string; message: string; retry: boolean } }

const BUSY: Answer = {
  error: {
    code: 'command.busy',
    message: 'too many requests at once; send it again in a moment',
    retry: true,
  },
}

/**
 * Serves `cmd.<address>.{agreement,accept,manualCut,refuseTender,replay}` until `signal` aborts; resolves when the requests under way are answered. Every request is
 * answered, `{ ok: true, … }` or `{ error: { code, message, retry } }`, and only below the inbox of that address: what a party asks
 * for can reach nobody else.
 */
export async function serveCommands(options: CommandOptions): Promise<void> {
  const { nats, signal } = options
  const subscriptions = COMMANDS.map((command) => nats.subscribe(`cmd.*.${command}`, { queue: 'custody' }))
  await nats.flush()
  signal.addEventListener('abort', () => {
    for (const subscription of subscriptions) subscription.unsubscribe()
  })
  const underWay = new Set<Promise<void>>()
  const serve = async (requests: AsyncIterable<Msg>) => {
    for await (const request of requests) {
      const isBusy = underWay.size >= REQUESTS_AT_ONCE_MAX
      const answered = answerRequest(options, request, isBusy).finally(() => underWay.delete(answered))
      underWay.add(answered)
    }
  }
  await Promise.all(subscriptions.map(serve))
  await Promise.all(underWay)
}

async function answerRequest(options: CommandOptions, request: Msg, isBusy: boolean): Promise<void> {
  const { log, onAnswer, nats } = options
  const [, address = '', command = ''] = request.subject.split('.')
  const { reply } = request
  if (!/^0x[0-9a-f]{40}$/.test(address) || reply === undefined || !reply.startsWith(`_INBOX_${address}.`)) {
    onAnswer(command, 'command.inbox')
    log.warn(
      { subject: request.subject, reply },
      `no answer: requests need an inbox below _INBOX_<address>., in lower case`,
    )
    return
  }
  const answer = isBusy ? BUSY : await perform(options, command, address as Hex, request.data, reply)
  const code = 'error' in answer ? answer.error.code : 'ok'
  onAnswer(command, code)
  if ('error' in answer) log.info({ subject: request.subject, ...answer.error }, 'request refused')
  const end = headers()
  if (command === 'replay') end.set(REPLAY_END_HEADER, 'end')
  nats.publish(reply, JSON.stringify(answer), { headers: end })
  step('custody.replied')
}

async function perform(
  { nats, eventLog, context, log }: CommandOptions,
  command: string,
  address: Hex,
  data: Uint8Array,
  reply: string,
): Promise<Answer> {
  try {
    const asked = data.length === 0 && command === 'replay' ? {} : parseJson(data)
    if (command === 'agreement') return await submitAgreement(context, address, asked)
    if (command === 'accept') return await submitAccept(context, address, asked)
    if (command === 'refuseTender') return await submitTenderRefusal(context, address, asked)
    if (command === 'manualCut') return await submitManualCut(context, address, asked)
    return await replayFeed(eventLog, address, asked, (message) => {
      const shown = headers()
      for (const [name, value] of Object.entries(message.headers)) shown.set(name, value)
      nats.publish(reply, message.data, { headers: shown })
    })
  } catch (error) {
    if (error instanceof Refusal) {
      return { error: { code: error.code, message: error.message, retry: error.retry } }
    }
    log.error({ err: error, command }, 'a request met an unexpected error')
    return {
      error: {
        code: 'internal',
        message: 'this request met a fault of ours; try it again later',
        retry: true,
      },
    }
  }
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
  } catch (cause) {
    throw new Refusal('command.json', 'the request is not JSON; send one JSON document', { cause })
  }
}
