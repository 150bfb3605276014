/** The consecutive envelopes that a violation proof shows, chosen from what the log holds of a leg. Pure. */
import { decodeHeader, envelopeDigest, type Header, Refusal } from '@consign/envelope'
import { bytesToHex } from 'viem'

const HEADER_BYTES = 144
const SEQ_OFFSET = 40
/** 24 long envelopes fill a transaction of 12 M gas: 1,024 are 43 of them, half a thousand million gas. Beyond, a party may prove it itself. */
export const RUN_ENVELOPES_MAX = 1024

/** Sequence numbers, both included. */
export type RunRange = { fromSeq: number; toSeq: number }

type Stored = { wire: Uint8Array; header: Header; digest: string }

/**
 * Wires of fromSeq..toSeq, each the predecessor of the next by hash. Of two branches it takes the one whose end is whole; the first stored
 * wins. Throws Refusal 'violation.gap' when an envelope between is missing: then nothing can be proven on chain.
 */
export function linkedRun(wires: Iterable<Uint8Array>, range: RunRange): Uint8Array[] {
  const stored = [...wires]
    .map(readStored)
    .filter(({ header }) => header.seq >= range.fromSeq && header.seq <= range.toSeq)
  const byDigest = new Map(stored.map((one) => [one.digest, one]))
  let missing = range.toSeq
  for (const end of stored.filter(({ header }) => header.seq === range.toSeq)) {
    const run = [end]
    for (let first = end; first.header.seq > range.fromSeq; run.unshift(first)) {
      const before = byDigest.get(bytesToHex(first.header.previous))
      if (before === undefined || before.header.seq !== first.header.seq - 1) break
      first = before
    }
    if (run[0]!.header.seq === range.fromSeq) return run.map(({ wire }) => wire)
    missing = Math.min(missing, run[0]!.header.seq - 1)
  }
  throw new Refusal(
    'violation.gap',
    `envelope ${missing} of the run ${range.fromSeq} to ${range.toSeq} is not in the log: the violation stands, but cannot be proven on chain`,
  )
}

/** Throws Refusal 'violation.run' when a run is too long to be proven here: its envelopes need not be read. */
export function checkRun({ fromSeq, toSeq }: RunRange): void {
  if (toSeq - fromSeq < RUN_ENVELOPES_MAX) return
  throw new Refusal(
    'violation.run',
    `a proof would show ${toSeq - fromSeq + 1} envelopes: the violation stands, but this writer shows ${RUN_ENVELOPES_MAX} at most`,
  )
}

/** The wire with this digest. Throws Refusal 'cut.head' when there is none. */
export function envelopeOf(wires: Iterable<Uint8Array>, digest: string): Uint8Array {
  const found = [...wires].map(readStored).find((one) => one.digest === digest)
  if (found) return found.wire
  throw new Refusal(
    'cut.head',
    `envelope ${digest}, the last before the cut, is not in the log: who has its frame records the cut (consign agreement cut)`,
  )
}

/** Two wires of number `seq` that differ, the first stored first. Throws Refusal 'violation.fork' when there are none. */
export function forkedPair(wires: Iterable<Uint8Array>, seq: number): [Uint8Array, Uint8Array] {
  const [one, ...others] = [...wires].map(readStored).filter(({ header }) => header.seq === seq)
  const other = others.find(({ digest }) => digest !== one?.digest)
  if (one === undefined || other === undefined)
    throw new Refusal('violation.fork', `the log does not hold two different envelopes ${seq}`)
  return [one.wire, other.wire]
}

/** Told by the wire's header alone. */
export function isInRun(wire: Uint8Array, { fromSeq, toSeq }: RunRange): boolean {
  if (wire.length < HEADER_BYTES) return false
  const seq = new DataView(wire.buffer, wire.byteOffset).getUint32(SEQ_OFFSET)
  return seq >= fromSeq && seq <= toSeq
}

function readStored(wire: Uint8Array): Stored {
  const header = wire.subarray(0, HEADER_BYTES)
  return { wire, header: decodeHeader(header), digest: bytesToHex(envelopeDigest(header)) }
}
