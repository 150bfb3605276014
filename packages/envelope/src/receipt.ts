/** Receipt: ingest's word that it has stored (or parked) what a device sent. Only a receipt lets the device delete, and it is its defence against a charge of silence. */
import { concatBytes } from './bytes.ts'
import { TAG, taggedDigest } from './digest.ts'
import { FieldReader } from './fields.ts'
import type { KeySet } from './key-set.ts'
import { ML_DSA_SIGNATURE_BYTES, type PublicKeys } from './keys.ts'
import { type LegRef, PREFIX_BYTES, readRecord, writeRecord } from './leg-ref.ts'
import type { CryptoProvider } from './provider.ts'
import { Refusal } from './refusal.ts'
import { signUnder, verifyUnder } from './signatures.ts'

export const RECEIPT_BYTES = PREFIX_BYTES + 1 + 1 + 4 + 4 + 32
export const SIGNED_RECEIPT_BYTES = RECEIPT_BYTES + ML_DSA_SIGNATURE_BYTES

const KIND_CODE = { envelope: 1, record: 2 } as const
const STATUS_CODE = { stored: 1, parked: 2 } as const

export type ReceiptKind = keyof typeof KIND_CODE
export type ReceiptStatus = keyof typeof STATUS_CODE

const KIND_OF_CODE: ReadonlyMap<number, ReceiptKind> = new Map([
  [1, 'envelope'],
  [2, 'record'],
])
const STATUS_OF_CODE: ReadonlyMap<number, ReceiptStatus> = new Map([
  [1, 'stored'],
  [2, 'parked'],
])

/** For envelopes: fromSeq..seq on the chain that ends with `digest`. For a record: both seqs are 0 and `digest` names it. */
export type Receipt = LegRef & {
  kind: ReceiptKind
  status: ReceiptStatus
  fromSeq: number
  seq: number
  digest: Uint8Array
}

export type SignedReceipt = { record: Receipt; mlDsa: Uint8Array }

/** 75 bytes; throws what decodeReceipt throws. */
export function encodeReceipt(record: Receipt): Uint8Array {
  checkSeqs(record)
  return writeRecord('receipt', RECEIPT_BYTES, record)
    .uint8('kind', KIND_CODE[record.kind])
    .uint8('status', STATUS_CODE[record.status])
    .uint32('fromSeq', record.fromSeq)
    .uint32('seq', record.seq)
    .bytes('digest', record.digest, 32)
    .finish()
}

/** Throws Refusal `receipt.length`, `receipt.suite` or `receipt.field` (unknown kind or status, seqs that do not fit the kind). */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const { ref, reader } = readRecord('receipt', bytes, RECEIPT_BYTES)
  const record: Receipt = {
    ...ref,
    kind: reader.oneOf('kind', KIND_OF_CODE),
    status: reader.oneOf('status', STATUS_OF_CODE),
    fromSeq: reader.uint32(),
    seq: reader.uint32(),
    digest: reader.bytes(32),
  }
  checkSeqs(record)
  return record
}

/** Digest of the record: what ML-DSA signs. */
export function receiptDigest(record: Receipt | Uint8Array): Uint8Array {
  return taggedDigest(TAG.receipt, record instanceof Uint8Array ? record : encodeReceipt(record))
}

/** Signs with ingest's keys, of which only ML-DSA is used. */
export async function signReceipt(
  crypto: CryptoProvider,
  ingestKeys: KeySet,
  record: Receipt,
): Promise<SignedReceipt> {
  const bytes = encodeReceipt(record)
  return { record, ...(await signUnder(crypto, ingestKeys, { tag: TAG.receipt, bytes }, ['mlDsa'])) }
}

/** Returns the digest; throws Refusal `receipt.signature.mlDsa`. */
export function verifyReceipt(
  crypto: CryptoProvider,
  ingestPublic: Pick<PublicKeys, 'mlDsa'>,
  signed: SignedReceipt,
): Promise<Uint8Array> {
  const { record, mlDsa } = signed
  return verifyUnder(
    crypto,
    ingestPublic,
    { structure: 'receipt', tag: TAG.receipt, bytes: encodeReceipt(record) },
    { mlDsa },
  )
}

/** Frame 8: `Receipt 75 ‖ ML-DSA 2420`. */
export function encodeSignedReceipt(signed: SignedReceipt): Uint8Array {
  return concatBytes(encodeReceipt(signed.record), signed.mlDsa)
}

/** Throws Refusal `receipt.length` and those of decodeReceipt. */
export function decodeSignedReceipt(bytes: Uint8Array): SignedReceipt {
  const reader = new FieldReader('receipt', bytes, SIGNED_RECEIPT_BYTES)
  return { record: decodeReceipt(reader.bytes(RECEIPT_BYTES)), mlDsa: reader.bytes(ML_DSA_SIGNATURE_BYTES) }
}

function checkSeqs({ kind, fromSeq, seq }: Receipt): void {
  const fits = kind === 'record' ? fromSeq === 0 && seq === 0 : fromSeq <= seq
  if (!fits)
    throw new Refusal(
      'receipt.field',
      `receipt: seqs ${fromSeq} to ${seq} do not fit a receipt for an ${kind}`,
    )
}
