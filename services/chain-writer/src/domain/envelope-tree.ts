/**
 * The RFC 9162 tree of one writer: the digests of all envelopes of all shipments, in the order of the log, each digest once (a resend beyond
 * the log's duplicate window is stored twice). Keeps one root path and the set of digests: about 100 B an envelope, 100 MB a million.
 */
import { envelopeDigest } from '@consign/envelope'
import { MerkleFrontier } from '@consign/merkle'
import { bytesToHex, type Hex } from 'viem'

/** Header of docs/formats.md: the digest covers these first bytes of a wire. */
const HEADER_BYTES = 144

export class EnvelopeTree {
  readonly #frontier = new MerkleFrontier()
  readonly #digests = new Set<string>()

  get size(): number {
    return this.#frontier.size
  }

  /** Adds the envelope whose wire this is; false when its digest is in the tree. */
  add(wire: Uint8Array): boolean {
    const digest = envelopeDigest(wire.subarray(0, HEADER_BYTES))
    const name = Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('latin1')
    if (this.#digests.has(name)) return false
    this.#digests.add(name)
    this.#frontier.append(digest)
    return true
  }

  root(): Hex {
    return bytesToHex(this.#frontier.root())
  }
}
