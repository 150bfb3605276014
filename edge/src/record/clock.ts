import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Real time, given from outside so that tests can move it. */
export type Clock = { nowMs(): number }

export const systemClock: Clock = { nowMs: () => Date.now() }

/**
 * 16 bytes that change with every boot and so say between which readings monotonic time may be compared: the kernel's boot id, or random
 * ones where there is none.
 */
export function bootId(): Uint8Array {
  try {
    const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
    const bytes = Buffer.from(text.replaceAll('-', '').trim(), 'hex')
    if (bytes.length === 16) return new Uint8Array(bytes)
  } catch {
    // Not Linux: every start counts as a boot, which claims less than may be true.
  }
  return new Uint8Array(randomBytes(16))
}
