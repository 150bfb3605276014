import type { Beat, Hole } from '@consign/terms/judging'

/** Sequence numbers from..to, both included. */
export type SeqRange = { fromSeq: number; toSeq: number }

/**
 * Holes that were passed over in order of seq, and which of their envelopes came after all: those are stored, and break a silence, yet their
 * readings are no longer judged.
 */
export class Holes {
  readonly #holes: Omit<Hole, 'come'>[] = []
  readonly #come = new Map<number, Beat>()

  get ranges(): SeqRange[] {
    return this.#holes.map(({ fromSeq, toSeq }) => ({ fromSeq, toSeq }))
  }

  passOver({ fromSeq, toSeq, before, after }: Omit<Hole, 'come'>): void {
    this.#holes.push({ fromSeq, toSeq, before: before && beatOf(before), after: after && beatOf(after) })
  }

  fill(envelope: Beat): void {
    this.#come.set(envelope.seq, beatOf(envelope))
  }

  /** True when every envelope passed over has come. */
  get areFilled(): boolean {
    const passedOver = this.#holes.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0)
    return passedOver === this.#come.size
  }

  all(): Hole[] {
    const come = [...this.#come.values()].sort((a, b) => a.seq - b.seq)
    return this.#holes.map((hole) => ({
      ...hole,
      come: come.filter(({ seq }) => seq >= hole.fromSeq && seq <= hole.toSeq),
    }))
  }
}

/** Without the readings of the envelope, so that they are not kept. */
const beatOf = ({ seq, bootId, baseMonotonicMs, baseUtcMs }: Beat): Beat => ({
  seq,
  bootId,
  baseMonotonicMs,
  baseUtcMs,
})
