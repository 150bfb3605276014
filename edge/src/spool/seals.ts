import type { Hex } from '@consign/envelope'
import type { Prepare } from './statements.ts'

/** A seal that must be made: what it signs was fixed when its reason arose. */
export type SealDue = { leg: number; n: number; root: Hex; head: Hex }

export class SealTable {
  readonly #prepare: Prepare
  constructor(prepare: Prepare) {
    this.#prepare = prepare
  }

  add(due: SealDue): void {
    this.#prepare('INSERT OR IGNORE INTO seals_due (leg, n, root, head) VALUES (?, ?, ?, ?)').run(
      due.leg,
      due.n,
      due.root,
      due.head,
    )
  }

  /** The one over the most envelopes. */
  newest(): SealDue | undefined {
    return this.#prepare('SELECT * FROM seals_due ORDER BY leg DESC, n DESC LIMIT 1').get() as
      | SealDue
      | undefined
  }

  removeUpTo(leg: number, n: number): void {
    this.#prepare('DELETE FROM seals_due WHERE leg = ? AND n <= ?').run(leg, n)
  }
}
