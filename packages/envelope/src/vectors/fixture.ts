/** The one shipment that all vectors tell of: fixed seeds, fixed times, deterministic signatures, so that the same bytes come out on every machine. */

import type { Reading } from '../body.ts'
import { concatBytes, type Hex } from '../bytes.ts'
import { FLAG } from '../header.ts'
import type { KeySet } from '../key-set.ts'
import { portableProvider } from '../noble.ts'

export const vectorCrypto = portableProvider({ deterministic: true })

/** Keys from a seed of 32 equal bytes. */
export function vectorKeys(byte: number): KeySet {
  return vectorCrypto.keysFromSeed(filled(byte, 32))
}

export const VECTOR_SEED_BYTES = { device: 0xd0, leg0: 0x10, leg1: 0x11, ingest: 0x1e } as const

export const AGREEMENT: Hex = '0x00112233445566778899aabbccddeeff01234567'
export const CHAIN_ID = 31337
export const BASE_UTC_MS = 1_790_000_000_000
export const BASE_MONOTONIC_MS = 60_000
export const BOOT_ID = filled(0xb0, 16)

/** `length` equal bytes. */
export function filled(byte: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(byte)
}

/** 32 bytes that say what they are. */
export function named(name: string): Uint8Array {
  return concatBytes(new TextEncoder().encode(name), new Uint8Array(32)).slice(0, 32)
}

/** 32 readings, 10 s apart, of five metrics: temperature rises over 40 °C at index 20 and is missing at 19; door is measured now and then. */
export function warmReadings(): Reading[] {
  return Array.from({ length: 32 }, (_, index) => ({
    monotonicMs: BASE_MONOTONIC_MS + index * 10_000,
    utcMs: BASE_UTC_MS + index * 10_000,
    values: {
      ...(index === 19 ? {} : { temperature: 38_000 + (index < 20 ? index * 100 : index * 150) }),
      humidity: 55_000 - index * 10,
      gforce: index === 7 ? 8_001 : 1_000,
      ...(index % 5 === 0 ? { door: index % 2 } : {}),
      latitude: -338_765_432 + index,
    },
  }))
}

/** Two readings with the extremes of an int32 and equal times. */
export function extremeReadings(): Reading[] {
  const monotonicMs = BASE_MONOTONIC_MS + 4_294_967_295
  return [
    { monotonicMs, utcMs: BASE_UTC_MS, values: { temperature: 2_147_483_647 } },
    { monotonicMs, utcMs: BASE_UTC_MS, values: { temperature: -2_147_483_647, longitude: -1 } },
  ]
}

export const FLAGS_WARM = FLAG.checkpoint | FLAG.excursion
