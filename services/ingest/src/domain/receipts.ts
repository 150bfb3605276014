/** Which receipts a batch of settled uploads earns. */
import { fromHex, type Hex, type LegRef, type Receipt, type ReceiptStatus } from '@consign/envelope'
import type { Run } from './coverage.ts'
import type { Link } from './ledger.ts'
import type { OpenLeg } from './shipment.ts'

/** What the device is to hear about: an envelope on a leg's main branch, one that stands outside it (fork or parked), or a record. */
export type Settled =
  | { kind: 'main'; ref: LegRef; link: Link }
  | { kind: 'loose'; ref: LegRef; link: Link; status: ReceiptStatus }
  | { kind: 'record'; ref: LegRef; digest: Hex; status: ReceiptStatus }

/**
 * Cumulative: the main branch gets one receipt per run that the batch touched, over the whole run, so that a lost receipt costs nothing.
 * Loose envelopes get one per chain within the batch,
 * records one each; these come first, so that `stored` follows `parked`.
 */
export function receiptsFor(
  batch: readonly Settled[],
  legOf: (leg: number) => OpenLeg | undefined,
): Receipt[] {
  const runs = new Map<Run, Receipt>()
  const others: Receipt[] = []
  let chainEnd: Hex | undefined
  for (const settled of batch) {
    const ref = { chainId: settled.ref.chainId, agreement: settled.ref.agreement, leg: settled.ref.leg }
    if (settled.kind === 'record') {
      const digest = fromHex(settled.digest)
      others.push({ ...ref, kind: 'record', status: settled.status, fromSeq: 0, seq: 0, digest })
      continue
    }
    if (settled.kind === 'main') {
      const open = legOf(ref.leg)
      const run = open?.coverage.runOf(settled.link.seq)
      if (open !== undefined && run !== undefined && !runs.has(run))
        runs.set(run, receiptOfRun(ref, open, run))
      continue
    }
    const { seq, digest, previous } = settled.link
    const last = others.at(-1)
    if (
      last?.kind === 'envelope' &&
      previous === chainEnd &&
      seq === last.seq + 1 &&
      last.status === settled.status
    ) {
      last.seq = seq
      last.digest = fromHex(digest)
    } else {
      others.push({
        ...ref,
        kind: 'envelope',
        status: settled.status,
        fromSeq: seq,
        seq,
        digest: fromHex(digest),
      })
    }
    chainEnd = digest
  }
  return [...others, ...runs.values()]
}

/** Everything on the main branch of a leg, for a device that asks anew. */
export function receiptsOfLeg(ref: LegRef, open: OpenLeg): Receipt[] {
  return open.coverage.runs.map((run) => receiptOfRun(ref, open, run))
}

function receiptOfRun(ref: LegRef, open: OpenLeg, run: Run): Receipt {
  const digest = open.ledger.digestAt(run.toSeq)
  if (digest === undefined)
    throw new Error(`leg ${ref.leg}: seq ${run.toSeq} is covered and not in the ledger`)
  return {
    chainId: ref.chainId,
    agreement: ref.agreement,
    leg: ref.leg,
    kind: 'envelope',
    status: 'stored',
    fromSeq: run.fromSeq,
    seq: run.toSeq,
    digest: fromHex(digest),
  }
}
