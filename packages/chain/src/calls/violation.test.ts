import { type KeySet, native, sealEnvelope } from '@consign/envelope'
import { limits, type TermsDraft } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { bytesToHex, type Hex, maxUint256, size } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeAgreementCall } from '../agreement-call.ts'
import { isProvable, type ProvableLimit, violationCalls } from './violation.ts'

const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
/** geth takes transactions of 128 KiB. */
const TRANSACTION_BYTES_MAX = 128 * 1024
const penalty = { penaltyTokens: '1' } as const
const draft: TermsDraft = {
  ...SAMPLE_DRAFT,
  limits: [
    { metric: 'temperature', above: 40, ...penalty },
    { metric: 'humidity', above: 90, startUpMinutes: 30, ...penalty },
    { metric: 'temperature', kind: 'single', above: 30, minutes: 30, ...penalty },
    { metric: 'temperature', kind: 'cumulative', above: 20, minutes: 90, ...penalty },
    { metric: 'humidity', kind: 'cumulative', above: 80, minutes: 90, scope: 'shipment', ...penalty },
    { metric: 'temperature', kind: 'meanKinetic', above: 25, ...penalty },
  ],
}
const { terms } = sampleAgreement(draft)
const [instantaneous, afterStartUp, single, cumulative] = limits(terms) as ProvableLimit[]
// Only its length and its place in the frame count here.
const keys: Hex = `0x01${'00'.repeat(161 + 1312 + 64 + 2420 + 7856 - 1)}`

let legKeys: KeySet
let short: Uint8Array[]
let long: Uint8Array[]

beforeAll(async () => {
  legKeys = native.keysFromSeed(new Uint8Array(32).fill(1))
  short = await envelopes(4, 3)
  long = await envelopes(60, 512)
})

async function envelopes(count: number, readings: number): Promise<Uint8Array[]> {
  const wires: Uint8Array[] = []
  let previous = new Uint8Array(32)
  for (let seq = 0; seq < count; seq++) {
    const { wire, digest } = await sealEnvelope(native, legKeys, {
      ref: { chainId: 31_337, agreement: AGREEMENT, leg: 2 },
      seq,
      previous,
      flags: 0,
      readings: Array.from({ length: readings }, (_, index) => ({
        monotonicMs: index,
        utcMs: index,
        values: { temperature: 1 },
      })),
      seed: new Uint8Array(16),
      bootId: new Uint8Array(16),
      baseMonotonicMs: 0,
      baseUtcMs: 0,
      clockState: 1,
    })
    wires.push(wire)
    previous = digest as Uint8Array<ArrayBuffer>
  }
  return wires
}

const prove = (limit: ProvableLimit | undefined, run: Uint8Array[], start?: { seq: number; index: number }) =>
  violationCalls({ terms, limit: limit!, keys, run, start })

describe('a proof that fits', () => {
  it('is one call that names the place of the first reading outside', () => {
    const [call, ...others] = prove(instantaneous, short.slice(1), { seq: 2, index: 1 })
    expect(others).toEqual([])
    expect(call).toMatchObject({ functionName: 'proveViolation' })
    expect([call?.args[0], call?.args[4], call?.args[5]]).toEqual([2, 1n, 1])
  })

  it.each([
    ['instantaneous', () => instantaneous, false],
    ['instantaneous after a start-up', () => afterStartUp, true],
    ['single', () => single, true],
    ['cumulative', () => cumulative, true],
  ])('shows times where they count: %s', (_, limit, withTimes) => {
    const [call] = prove(limit(), short, { seq: 0, index: 0 })
    if (call?.functionName !== 'proveViolation') throw new Error('it is no proof')
    expect(call.args[3].map(({ times }) => size(times))).toEqual(Array(4).fill(withTimes ? 12 : 0))
  })
})

describe('a proof that is too long', () => {
  it('is scans that each fit, with the first reading outside in one of them, and leaves nothing behind', () => {
    const calls = prove(single, long, { seq: 30, index: 7 })
    const scans = calls.filter(({ functionName }) => functionName === 'advanceScan')
    expect(calls.map(({ functionName }) => functionName)).toEqual([
      ...scans.map(() => 'advanceScan'),
      'dropScan',
    ])
    for (const call of scans) expect(size(encodeAgreementCall(call))).toBeLessThan(TRANSACTION_BYTES_MAX)
    const shown = scans.map((call) => (call.functionName === 'dropScan' ? 0 : call.args[3].length))
    expect(shown.reduce((sum, count) => sum + count, 0)).toBe(long.length)
    const positions = scans.map((call) => call.args[4])
    expect(positions.filter((position) => position !== maxUint256)).toEqual([BigInt(30 - (shown[0] ?? 0))])
    expect(calls.at(-1)?.args).toEqual([2, single?.limitId])
  })
})

it('needs the envelope in which it begins', () => {
  expect(() => prove(single, short, { seq: 9, index: 0 })).toThrow('lacks envelope 9')
  expect(() => prove(single, [])).toThrow('at least the envelope')
})

it('is not for what only services judge', () => {
  expect(limits(terms).map(isProvable)).toEqual([true, true, true, true, false, false])
})

it('carries the signature of the last envelope shown', () => {
  const [call] = prove(instantaneous, short, { seq: 1, index: 0 })
  if (call?.functionName !== 'proveViolation') throw new Error('it is no proof')
  const last = short.at(-1)!
  expect(call.args[6].s).toBe(bytesToHex(last.subarray(last.length - 32)))
})
