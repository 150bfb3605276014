/** Which counters of a leg's main branch have reached the log and all parties: what a cumulative receipt may cover. */

/** Both ends are inside. */
export type Run = { fromSeq: number; toSeq: number }

/**
 * Counters as runs without holes, ascending. Neighbours on the main branch are linked by digest (the ledger sees to that), so a run is
 * one chain. A leg without jumps is one run, whatever its length.
 */
export class Coverage {
  readonly #runs: Run[] = []

  get runs(): readonly Run[] {
    return this.#runs
  }

  add(seq: number): void {
    const at = this.#firstEndingAtOrAfter(seq - 1)
    const run = this.#runs[at]
    if (run === undefined || run.fromSeq > seq + 1) {
      this.#runs.splice(at, 0, { fromSeq: seq, toSeq: seq })
    } else if (run.fromSeq === seq + 1) {
      run.fromSeq = seq
    } else if (run.toSeq === seq - 1) {
      run.toSeq = seq
      const next = this.#runs[at + 1]
      if (next?.fromSeq === seq + 1) {
        run.toSeq = next.toSeq
        this.#runs.splice(at + 1, 1)
      }
    }
  }

  runOf(seq: number): Run | undefined {
    const run = this.#runs[this.#firstEndingAtOrAfter(seq)]
    return run !== undefined && run.fromSeq <= seq ? run : undefined
  }

  /** Index of the first run with toSeq >= seq. The last run is tried first: nearly every envelope continues it. */
  #firstEndingAtOrAfter(seq: number): number {
    let low = 0
    let high = this.#runs.length
    const last = this.#runs[high - 1]
    if (last !== undefined && last.fromSeq <= seq) low = high - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#runs[middle]!.toSeq < seq) low = middle + 1
      else high = middle
    }
    return low
  }
}
