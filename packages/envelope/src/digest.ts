/**
 * Domain-separated digests: SHA-256(tag ‖ bytes), one 16-byte tag per structure (docs/formats.md, "Tags and suite").
 * P-256 signs `tag ‖ bytes`, so that its own SHA-256 is this digest; ML-DSA and SLH-DSA sign the digest.
 */
import { sha256 } from '@consign/merkle/sha256'

/** Bytes of a tag. */
export const TAG_BYTES = 16

/** Suite 1: P-256 with SHA-256, ML-DSA-44, SLH-DSA-SHA2-128s. Part of every signed structure. */
export const SUITE = 1

function tagOf(name: string): Uint8Array {
  const tag = new Uint8Array(TAG_BYTES)
  tag.set(new TextEncoder().encode(name))
  return tag
}

/** Every tag, ASCII, padded right with zeros. */
export const TAG = {
  envelope: tagOf('consign.envelope'),
  legKeys: tagOf('consign.legkeys'),
  offer: tagOf('consign.offer'),
  cut: tagOf('consign.cut'),
  seal: tagOf('consign.seal'),
  receipt: tagOf('consign.receipt'),
  device: tagOf('consign.device'),
  salt: tagOf('consign.salt'),
  clause: tagOf('consign.clause'),
  case: tagOf('consign.case'),
  rotate: tagOf('consign.rotate'),
  revoke: tagOf('consign.revoke'),
  delegate: tagOf('consign.delegate'),
} as const

/** `tag ‖ bytes`: the message that P-256 signs. */
export function tagged(tag: Uint8Array, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(TAG_BYTES + bytes.length)
  message.set(tag)
  message.set(bytes, TAG_BYTES)
  return message
}

/** SHA-256(tag ‖ bytes), 32 bytes. */
export function taggedDigest(tag: Uint8Array, bytes: Uint8Array): Uint8Array {
  return sha256(tagged(tag, bytes))
}
