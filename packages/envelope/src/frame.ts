/** Frames: what a device and ingest exchange once a session has opened it, `kind 1 ‖ bytes` (docs/formats.md, "Frames"). */
import { decodeSignedAccept, type SignedAccept } from './accept.ts'
import { viewOf } from './bytes.ts'
import { decodeSignedCut, type SignedCut } from './cut.ts'
import { decodeSignedLegKeys, type SignedLegKeys } from './leg-keys.ts'
import { decodeSignedOffer, type SignedOffer } from './offer.ts'
import { decodeSignedReceipt, type SignedReceipt } from './receipt.ts'
import { Refusal } from './refusal.ts'
import { decodeSignedSeal, type SignedSeal } from './seal.ts'

const KIND_CODE = {
  envelope: 1,
  legKeys: 2,
  offer: 3,
  cut: 4,
  seal: 5,
  accept: 6,
  pull: 7,
  receipt: 8,
} as const

export type FrameKind = keyof typeof KIND_CODE

/** `bytes`: those after the kind, views. An envelope is parsed by parseEnvelope. */
export type Frame =
  | { kind: 'envelope'; bytes: Uint8Array }
  | { kind: 'legKeys'; signed: SignedLegKeys; bytes: Uint8Array }
  | { kind: 'offer'; signed: SignedOffer; bytes: Uint8Array }
  | { kind: 'cut'; signed: SignedCut; bytes: Uint8Array }
  | { kind: 'seal'; signed: SignedSeal; bytes: Uint8Array }
  | { kind: 'accept'; signed: SignedAccept; bytes: Uint8Array }
  | { kind: 'pull'; bytes: Uint8Array }
  | { kind: 'receipt'; signed: SignedReceipt; bytes: Uint8Array }

/** `kind 1 ‖ bytes`; a pull has none. */
export function encodeFrame(kind: FrameKind, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = new Uint8Array(1 + bytes.length)
  frame[0] = KIND_CODE[kind]
  frame.set(bytes, 1)
  return frame
}

/** Throws Refusal `frame.kind`, `frame.length`, or what the record's own decoding refuses (`cut.suite`, `receipt.field` …). */
export function parseFrame(frame: Uint8Array): Frame {
  if (frame.length === 0)
    throw new Refusal('frame.length', 'A frame has at least its kind; this one is empty')
  const bytes = viewOf(frame, 1, frame.length)
  switch (frame[0]) {
    case KIND_CODE.envelope:
      return { kind: 'envelope', bytes }
    case KIND_CODE.legKeys:
      return { kind: 'legKeys', signed: whole(decodeSignedLegKeys, bytes), bytes }
    case KIND_CODE.offer:
      return { kind: 'offer', signed: whole(decodeSignedOffer, bytes), bytes }
    case KIND_CODE.cut:
      return { kind: 'cut', signed: whole(decodeSignedCut, bytes), bytes }
    case KIND_CODE.seal:
      return { kind: 'seal', signed: whole(decodeSignedSeal, bytes), bytes }
    case KIND_CODE.accept:
      return { kind: 'accept', signed: whole(decodeSignedAccept, bytes), bytes }
    case KIND_CODE.pull:
      if (bytes.length > 0)
        throw new Refusal('frame.length', `A pull carries nothing, not ${bytes.length} bytes`)
      return { kind: 'pull', bytes }
    case KIND_CODE.receipt:
      return { kind: 'receipt', signed: whole(decodeSignedReceipt, bytes), bytes }
    default:
      throw new Refusal('frame.kind', `Frame kind ${frame[0]} is unknown; 1 to 8`)
  }
}

// To whoever reads frames, a record of another length is a frame of the wrong length, whichever record it is.
function whole<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T {
  try {
    return decode(bytes)
  } catch (error) {
    if (error instanceof Refusal && error.code.endsWith('.length'))
      throw new Refusal('frame.length', error.message, { cause: error })
    throw error
  }
}
