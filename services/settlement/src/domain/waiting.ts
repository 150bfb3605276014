/** Something that is still to come: no error. */
import { Refusal } from '@consign/envelope'

/** What agreements wait for; the label of a metric. */
export type WaitsFor =
  | 'agreement'
  | 'exposure'
  | 'payment'
  | 'mediator'
  | 'delivery'
  | 'proofs'
  | 'window'
  | 'disputes'
  | 'acknowledgement'
  | 'guarantee'
  | 'finality'

/** `untilMs`: when it is worth looking again, ms UTC, where that is known. */
export class Waiting extends Refusal {
  readonly waitsFor: WaitsFor
  readonly untilMs: number | undefined

  constructor(waitsFor: WaitsFor, message: string, untilMs?: number) {
    super(`settlement.waits.${waitsFor}`, message, { retry: true })
    this.waitsFor = waitsFor
    this.untilMs = untilMs
  }
}
