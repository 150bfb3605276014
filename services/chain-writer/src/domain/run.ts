/** The consecutive envelopes that a violation proof shows, chosen from what the log holds of a leg. Pure. */
import { decodeHeader, envelopeDigest, type Header, Refusal } from '@consign/envelope'
import { bytesToHex } from 'viem'

const HEADER_BYTES = 144

type Stored = { wire: Uint8Array; header: Header; digest: string }

/**
 * Wires of fromSeq..toSeq, each the predecessor of the next by hash. Of two branches it takes the one whose end is whole; the first stored
 * wins. Throws Refusal 'violation.gap' when an envelope between is missing: then nothing can be proven on chain.
 */
export function linkedRun(
  wires: Iterable<Uint8Array>,
  range: { fromSeq: number; toSeq: number },
): Uint8Array[] {
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

function readStored(wire: Uint8Array): Stored {
  const header = wire.subarray(0, HEADER_BYTES)
  return { wire, header: decodeHeader(header), digest: bytesToHex(envelopeDigest(header)) }
}
