/**
 * Watches the bytes that a socket hands to the MQTT parser and stops a packet that is too long before it is collected: the parser itself
 * has no bound. MQTT 3.1.1 section 2.2.3: one byte of type, then the remaining length in 1 to 4 bytes of 7 bits, least first.
 */
export class PacketGuard {
  readonly #bytesMax: number
  #state: 'type' | 'length' | 'body' = 'type'
  #length = 0
  #shift = 0
  #bodyLeft = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** False as soon as a packet announces more than `bytesMax`, or a length that is none. The stream is of no use from there. */
  admits(chunk: Uint8Array): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#state === 'body') {
        const taken = Math.min(this.#bodyLeft, chunk.length - at)
        at += taken
        this.#bodyLeft -= taken
        if (this.#bodyLeft === 0) this.#state = 'type'
      } else if (this.#state === 'type') {
        at += 1
        this.#state = 'length'
        this.#length = 0
        this.#shift = 0
      } else if (!this.#takeLengthByte(chunk[at++]!)) return false
    }
    return true
  }

  #takeLengthByte(byte: number): boolean {
    this.#length += (byte & 0x7f) * 2 ** this.#shift
    this.#shift += 7
    if (this.#length > this.#bytesMax) return false
    if (byte >= 0x80) return this.#shift < 28
    this.#bodyLeft = this.#length
    this.#state = this.#bodyLeft === 0 ? 'type' : 'body'
    return true
  }
}
