import type { Refusal } from '@consign/envelope'
import { QUARANTINE_HEADERS, type StreamName, subjects } from '@consign/events'
import type { EventLog, Recorded } from './event-log.ts'

/**
 * Copies a message that a consumer cannot use to `quarantine.<consumer>`, with the reason and where it stands, before it is passed.
 * The id makes a repeat after a crash harmless.
 */
export async function storeDeadLetter(
  log: Pick<EventLog, 'publish'>,
  consumer: string,
  stream: StreamName,
  message: Recorded,
  refusal: Refusal,
): Promise<void> {
  const headers = {
    ...message.headers,
    [QUARANTINE_HEADERS.code]: refusal.code,
    [QUARANTINE_HEADERS.reason]: refusal.message.replace(/[^!-~]+/g, ' '),
    [QUARANTINE_HEADERS.consumer]: consumer,
    [QUARANTINE_HEADERS.stream]: stream,
    [QUARANTINE_HEADERS.seq]: String(message.seq),
    [QUARANTINE_HEADERS.subject]: message.subject,
  }
  const msgId = `dead:${consumer}:${stream}:${message.seq}`
  await log.publish(subjects.quarantine(consumer), message.data, { msgId, headers })
}
