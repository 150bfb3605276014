import { type Hex, type Receipt, Refusal, toHex } from '@consign/envelope'
import type { Spool } from '../spool/spool.ts'

/** What a receipt changed: frames that may be forgotten, or that ingest keeps aside until something it misses comes. */
export type ReceiptEffect = { deleted: number; parked: boolean }

/**
 * Applies a verified receipt. Only status `stored` deletes, and only what the receipt's digest really names: a digest that is not ours at that
 * seq deletes nothing. Throws Refusal 'receipt.other' (another agreement) or 'receipt.digest'.
 */
export function applyReceipt(
  spool: Spool,
  own: { chainId: number; agreement: Hex },
  receipt: Receipt,
): ReceiptEffect {
  if (receipt.chainId !== own.chainId || receipt.agreement !== own.agreement)
    throw new Refusal(
      'receipt.other',
      `a receipt for agreement ${receipt.agreement} came to this device: ignored`,
    )
  return spool.transaction(() =>
    receipt.kind === 'envelope' ? ofEnvelopes(spool, receipt) : ofRecord(spool, receipt),
  )
}

function ofEnvelopes(spool: Spool, { leg, fromSeq, seq, digest, status }: Receipt): ReceiptEffect {
  const own = spool.legs.digestAt(leg, seq)
  if (own !== toHex(digest))
    throw new Refusal(
      'receipt.digest',
      `a receipt names envelope ${leg}/${seq} as ${toHex(digest)}, here it is ${own ?? 'not signed yet'}: ignored`,
    )
  if (status === 'stored') return { deleted: spool.frames.removeEnvelopes(leg, fromSeq, seq), parked: false }
  spool.frames.park(leg, fromSeq, seq)
  return { deleted: 0, parked: true }
}

/** A record that is not there any more was receipted before. */
function ofRecord(spool: Spool, { leg, digest, status }: Receipt): ReceiptEffect {
  const named = spool.frames.byDigest(toHex(digest))
  if (named && (named.kind === 'envelope' || named.leg !== leg))
    throw new Refusal(
      'receipt.digest',
      `a receipt names ${named.digest} as something else than it is: ignored`,
    )
  if (status === 'stored') return { deleted: spool.frames.removeByDigest(toHex(digest)), parked: false }
  spool.frames.parkByDigest(toHex(digest))
  return { deleted: 0, parked: true }
}
