import type { Hex } from '@consign/envelope'
import type { Prepare } from './statements.ts'

/** Kinds of frames that go up and wait for a receipt. */
export type SpooledKind = 'envelope' | 'legKeys' | 'offer' | 'cut' | 'seal'

/** `seq` only of envelopes; `bytes` as after the frame's kind byte; `digest` is what a receipt names. */
export type SpooledFrame = {
  id: number
  kind: SpooledKind
  leg: number
  seq: number | null
  digest: Hex
  bytes: Uint8Array
  parked: number
}

export class FrameTable {
  readonly #prepare: Prepare
  constructor(prepare: Prepare) {
    this.#prepare = prepare
  }

  add(frame: Omit<SpooledFrame, 'id' | 'parked' | 'seq'> & { seq?: number }): void {
    this.#prepare('INSERT INTO frames (kind, leg, seq, digest, bytes) VALUES (?, ?, ?, ?, ?)').run(
      frame.kind,
      frame.leg,
      frame.seq ?? null,
      frame.digest,
      frame.bytes,
    )
  }

  /** The first frame after `id`, in the order in which they were made. */
  after(id: number): SpooledFrame | undefined {
    return this.#prepare('SELECT * FROM frames WHERE id > ? ORDER BY id LIMIT 1').get(id) as
      | SpooledFrame
      | undefined
  }

  count(): number {
    return this.#prepare('SELECT count(*) AS n FROM frames').get()!.n as number
  }

  /** Frames that ingest keeps aside until something it misses comes. */
  parkedCount(): number {
    return this.#prepare('SELECT count(*) AS n FROM frames WHERE parked = 1').get()!.n as number
  }

  byDigest(digest: Hex): SpooledFrame | undefined {
    return this.#prepare('SELECT * FROM frames WHERE digest = ? LIMIT 1').get(digest) as
      | SpooledFrame
      | undefined
  }

  /** Envelopes fromSeq..seq of a leg. Returns how many went. */
  removeEnvelopes(leg: number, fromSeq: number, seq: number): number {
    const statement = this.#prepare(
      "DELETE FROM frames WHERE kind = 'envelope' AND leg = ? AND seq BETWEEN ? AND ?",
    )
    return Number(statement.run(leg, fromSeq, seq).changes)
  }

  removeByDigest(digest: Hex): number {
    return Number(this.#prepare('DELETE FROM frames WHERE digest = ?').run(digest).changes)
  }

  park(leg: number, fromSeq: number, seq: number): void {
    this.#prepare(
      "UPDATE frames SET parked = 1 WHERE kind = 'envelope' AND leg = ? AND seq BETWEEN ? AND ?",
    ).run(leg, fromSeq, seq)
  }

  parkByDigest(digest: Hex): void {
    this.#prepare('UPDATE frames SET parked = 1 WHERE digest = ?').run(digest)
  }
}
