import type { Reading } from '@consign/envelope'
import type { Prepare } from './statements.ts'

/** A reading that no envelope holds yet. `outside`: it breaks at least one limit. */
export type BufferedReading = Reading & { outside: boolean }

export class ReadingTable {
  readonly #prepare: Prepare
  constructor(prepare: Prepare) {
    this.#prepare = prepare
  }

  add(reading: BufferedReading): void {
    this.#prepare('INSERT INTO readings (monotonicMs, utcMs, outside, metrics) VALUES (?, ?, ?, ?)').run(
      reading.monotonicMs,
      reading.utcMs,
      reading.outside ? 1 : 0,
      JSON.stringify(reading.values),
    )
  }

  count(): number {
    return this.#prepare('SELECT count(*) AS n FROM readings').get()!.n as number
  }

  /** The oldest `limit` readings, in the order in which they came. */
  oldest(limit: number): BufferedReading[] {
    const rows = this.#prepare('SELECT * FROM readings ORDER BY id LIMIT ?').all(limit)
    return rows.map((row) => ({
      monotonicMs: row.monotonicMs as number,
      utcMs: row.utcMs as number,
      outside: row.outside === 1,
      values: JSON.parse(row.metrics as string) as Reading['values'],
    }))
  }

  removeOldest(count: number): void {
    this.#prepare('DELETE FROM readings WHERE id IN (SELECT id FROM readings ORDER BY id LIMIT ?)').run(count)
  }
}
