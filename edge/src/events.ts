import type { Hex } from '@consign/envelope'
import type { Crossing } from './record/excursions.ts'

/** What the device tells whoever stands beside it: one JSON object per line on stdout. Temperatures in milli-°C, times in ms since 1970. */
export type DeviceEvent =
  | { event: 'source'; readings: number; emptyRows: number; shiftMs: number; nowMs: number }
  | { event: 'connected'; url: string }
  | { event: 'disconnected'; reason: string; retryMs: number }
  | {
      event: 'envelope'
      leg: number
      seq: number
      readings: number
      flags: number
      bytes: number
      fromMs: number | null
      toMs: number | null
      temperature: { minMilliC: number; maxMilliC: number } | null
    }
  | ({ event: 'excursion'; leg: number; atMs: number } & Crossing)
  | { event: 'seal'; leg: number; n: number }
  | {
      event: 'offer'
      leg: number
      offerDigest: Hex
      offer: Hex
      device: Hex
      agreement: Hex
      chainId: number
      termsHash: Hex
      m: number
      head: Hex
      nextKeysHash: Hex
      nonce: Hex
      ttlEnvelopes: number
    }
  | {
      event: 'replacement'
      leg: number
      nextKeysHash: Hex
      nextKeys: Hex
      device: { p256: Hex; mlDsaKey: Hex; slhDsaKey: Hex }
    }
  | { event: 'tookOver'; leg: number; cutDigest: Hex; to: Hex; name: string }
  | {
      event: 'accepted'
      leg: number
      offerDigest: Hex
      party: Hex
      name: string
      acceptDigest: Hex
      /** Wallet of who accepted in the party's place. */
      delegate?: Hex
    }
  | { event: 'refused'; code: string; reason: string }
  | {
      event: 'cut'
      leg: number
      n: number
      readings: number
      head: Hex
      root: Hex
      cutDigest: Hex
      to: Hex
      name: string
    }
  | { event: 'delivered'; leg: number; to: Hex }

export type Tell = (event: DeviceEvent) => void
