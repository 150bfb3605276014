/**
 * The RFC 9162 tree of one writer: the digests of all envelopes of all shipments, in the order of the log, each digest once (a resend beyond
 * the log's duplicate window is stored twice). Keeps one root path and the digests with their places: about 110 B an envelope, 110 MB a million.
 */
import { envelopeDigest } from '@consign/envelope'
import { MerkleFrontier } from '@consign/merkle'
import { bytesToHex, type Hex, hexToBytes } from 'viem'

/** Header of docs/formats.md: the digest covers these first bytes of a wire. */
const HEADER_BYTES = 144

export class EnvelopeTree {
  readonly #frontier = new MerkleFrontier()
  readonly #places = new Map<string, number>()

  get size(): number {
    return this.#frontier.size
  }

  /** Adds the envelope whose wire this is; false when its digest is in the tree. */
  add(wire: Uint8Array): boolean {
    const digest = envelopeDigest(wire.subarray(0, HEADER_BYTES))
    const name = nameOf(digest)
    if (this.#places.has(name)) return false
    this.#places.set(name, this.size)
    this.#frontier.append(digest)
    return true
  }

  root(): Hex {
    return bytesToHex(this.#frontier.root())
  }

  /** Place of the envelope with this digest; undefined when it is not in the tree. */
  indexOf(digest: Hex): number | undefined {
    return this.#places.get(nameOf(hexToBytes(digest)))
  }

  /** Digests of the first `size` envelopes. */
  leaves(size: number): Uint8Array[] {
    return this.#places
      .keys()
      .take(size)
      .map((name) => new Uint8Array(Buffer.from(name, 'latin1')))
      .toArray()
  }
}

function nameOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('latin1')
}
