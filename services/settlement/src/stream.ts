/** The stream of one settlement: its state, and what moves it on. */
import { randomUUID } from 'node:crypto'
import { type EventLog, execute, loadState } from '@consign/eventlog'
import { type ConsignEvent, type Hex, subjects } from '@consign/events'
import { type Settlement, type SettlementCommand, settlementDecider } from './domain/settlement.ts'

export type StreamOptions = {
  log: EventLog
  /** ms UTC */
  now: () => number
  step: (name: string) => void
  /** told of every event that is written, once, in order */
  onWritten: (event: ConsignEvent) => void
}

export class SettlementStream {
  readonly agreement: Hex
  readonly #options: StreamOptions

  constructor(agreement: Hex, options: StreamOptions) {
    this.agreement = agreement
    this.#options = options
  }

  async state(): Promise<Settlement> {
    return (await loadState(this.#options.log, settlementDecider, subjects.settlement(this.agreement))).state
  }

  /** Writes what follows, and passes the step `name` when something does. Throws what the decider refuses with. */
  async decide(command: SettlementCommand, name: string): Promise<void> {
    const { log, now, step, onWritten } = this.#options
    const links = { stamp: () => ({ id: randomUUID(), time: now() }), correlation: this.agreement }
    const events = await execute(log, settlementDecider, subjects.settlement(this.agreement), command, links)
    for (const event of events) onWritten(event as ConsignEvent)
    if (events.length > 0) step(name)
  }
}
