/** Sequence numbers from..to, both included. */
export type SeqRange = { fromSeq: number; toSeq: number }

/** Holes that were passed over, and which of their envelopes came after all: those are stored, yet no longer evaluated. */
export class LateEnvelopes {
  readonly #ranges: SeqRange[] = []
  readonly #filled = new Set<number>()

  get ranges(): readonly SeqRange[] {
    return this.#ranges
  }

  passOver(fromSeq: number, toSeq: number): void {
    this.#ranges.push({ fromSeq, toSeq })
  }

  fill(seq: number): void {
    this.#filled.add(seq)
  }

  /** True when every envelope passed over below `n` has come. */
  filledBelow(n: number): boolean {
    let missing = 0
    for (const { fromSeq, toSeq } of this.#ranges)
      missing += Math.max(0, Math.min(toSeq, n - 1) - fromSeq + 1)
    for (const seq of this.#filled) if (seq < n) missing -= 1
    return missing === 0
  }
}
