import { Refusal } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import type { Logger } from '@consign/runtime'

/** Has a ledger take all of these subjects: the durable position of a consumer says what was acted on, not what is known. */
export async function learnAll(
  ledger: { take(message: Recorded): void },
  filters: readonly string[],
  { log, logger }: { log: EventLog; logger: Logger },
): Promise<void> {
  for await (const message of log.read(filters)) {
    try {
      ledger.take(message)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      logger.warn({ seq: message.seq }, `passed over: ${error.message}`)
    }
  }
}
