import type { Hex } from '@consign/envelope'
import type { Prepare } from './statements.ts'

/** One leg as the device knows it. Its last row is the leg that is being recorded. */
export type Leg = {
  leg: number
  /** Wallet of the custodian. */
  party: Hex
  readings: number
  n: number
  head: Hex
  root: Hex
  cutDigest: Hex | null
  acceptParty: Hex | null
  /** The source's monotonic time at which the leg began, ms. */
  startMonotonicMs: number
  frontier: Uint8Array
  checkpointSeq: number
  sealedN: number
  /** Signed cut that ended the leg. */
  cut: Uint8Array | null
  /** Private key set; null once the leg is cut. */
  keys: Uint8Array | null
}

export class LegTable {
  readonly #prepare: Prepare
  constructor(prepare: Prepare) {
    this.#prepare = prepare
  }

  begin(leg: Pick<Leg, 'leg' | 'party' | 'head' | 'root' | 'startMonotonicMs' | 'frontier' | 'keys'>): void {
    this.#prepare(
      'INSERT INTO legs (leg, party, head, root, startMonotonicMs, frontier, keys) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ).run(leg.leg, leg.party, leg.head, leg.root, leg.startMonotonicMs, leg.frontier, leg.keys)
  }

  current(): Leg | undefined {
    return this.#prepare('SELECT * FROM legs ORDER BY leg DESC LIMIT 1').get() as Leg | undefined
  }

  get(leg: number): Leg | undefined {
    return this.#prepare('SELECT * FROM legs WHERE leg = ?').get(leg) as Leg | undefined
  }

  /** Adds envelope `n - 1`, which must follow the stored ones, so that no seq is ever used twice. */
  grow(leg: Pick<Leg, 'leg' | 'n' | 'head' | 'root' | 'frontier' | 'checkpointSeq'>, readings: number): void {
    const seq = leg.n - 1
    const { changes } = this.#prepare(
      `UPDATE legs SET readings = readings + ?, n = ?, head = ?, root = ?, frontier = ?, checkpointSeq = ?
         WHERE leg = ? AND n = ? AND cutDigest IS NULL`,
    ).run(readings, leg.n, leg.head, leg.root, leg.frontier, leg.checkpointSeq, leg.leg, seq)
    if (changes !== 1) throw new Error(`envelope ${seq} does not follow what leg ${leg.leg} holds`)
    this.#prepare('INSERT INTO envelopes (leg, seq, digest, readings) VALUES (?, ?, ?, ?)').run(
      leg.leg,
      seq,
      leg.head,
      readings,
    )
  }

  /** Digest of an envelope that was signed; undefined when there is none at that seq. */
  digestAt(leg: number, seq: number): Hex | undefined {
    const row = this.#prepare('SELECT digest FROM envelopes WHERE leg = ? AND seq = ?').get(leg, seq)
    return row?.digest as Hex | undefined
  }

  sealed(leg: number, n: number): void {
    this.#prepare('UPDATE legs SET sealedN = max(sealedN, ?) WHERE leg = ?').run(n, leg)
  }

  /** Ends a leg and forgets its private keys. */
  end(leg: number, ending: { cutDigest: Hex; cut: Uint8Array; acceptParty: Hex }): void {
    const { changes } = this.#prepare(
      'UPDATE legs SET cutDigest = ?, cut = ?, acceptParty = ?, keys = NULL WHERE leg = ? AND cutDigest IS NULL',
    ).run(ending.cutDigest, ending.cut, ending.acceptParty, leg)
    if (changes !== 1) throw new Error(`leg ${leg} is cut already`)
  }
}
