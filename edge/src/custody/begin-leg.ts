import { type Hex, toHex } from '@consign/envelope'
import { emptyRoot, MerkleFrontier } from '@consign/merkle'
import type { Spool } from '../spool/spool.ts'

export type Beginning = {
  leg: number
  /** Wallet of the custodian. */
  party: Hex
  /** What its first envelope names as its predecessor. */
  previous: Hex
  keys: Uint8Array
  startMonotonicMs: number
}

/** Within a transaction: from here on everything is recorded for this leg. */
export function beginLeg(spool: Spool, { leg, party, previous, keys, startMonotonicMs }: Beginning): void {
  const frontier = new MerkleFrontier().snapshot()
  spool.legs.begin({ leg, party, head: previous, root: toHex(emptyRoot), startMonotonicMs, frontier, keys })
}
