import {
  decodeSignedCut,
  decodeSignedLegKeys,
  decodeSignedOffer,
  deviceId,
  fromHex,
  type Hex,
  native,
  Refusal,
  toHex,
  verifyCut,
  verifyEnvelope,
  verifyLegKeys,
} from '@consign/envelope'
import { type ManualCut, manualCutDigest } from '@consign/terms'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { signedManualCut } from '../../test/manual-cut.ts'
import { AGREEMENT, CHAIN_ID, makeRig, type Rig, SPARE } from '../../test/rig.ts'
import type { SpooledFrame } from '../spool/frames.ts'
import type { SignedManualCut } from './replacement.ts'

// SLH-DSA signs the keys of every leg, a quarter of a second at best.
vi.setConfig({ testTimeout: 60_000 })

let rig: Rig
beforeEach(async () => {
  rig = await makeRig({ replacesLeg: 0 })
})
afterEach(() => rig.close())

const cut = (changes: Partial<ManualCut> = {}, parties: [string, string] = ['supplier', 'shipper-x']) =>
  signedManualCut(rig.sample, parties, rig.last('replacement').nextKeysHash, changes)
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'not refused',
    (error: unknown) => (error instanceof Refusal ? error.code : Promise.reject(error)),
  )
function frames(): SpooledFrame[] {
  const all: SpooledFrame[] = []
  for (let frame = rig.spool.frames.after(0); frame; frame = rig.spool.frames.after(frame.id)) all.push(frame)
  return all
}

it('shows keys of the next leg that its own identity signs, the same after a restart, and nothing goes up', async () => {
  const { leg, nextKeys, nextKeysHash, device } = rig.last('replacement')
  expect(leg).toBe(1)
  const identity = {
    p256: fromHex(device.p256),
    mlDsa: fromHex(device.mlDsaKey),
    slhDsa: fromHex(device.slhDsaKey),
  }
  expect(deviceId(identity)).toBe(deviceId(SPARE.public))
  await verifyLegKeys(native, identity, decodeSignedLegKeys(fromHex(nextKeys)))
  await rig.restart()
  expect(rig.last('replacement').nextKeysHash).toBe(nextKeysHash)
  expect(rig.custody.hasBegun).toBe(false)
  expect(frames()).toEqual([])
})

it('begins the leg after the cut that both custodians signed, and goes on like any device', async () => {
  const signed = await cut()
  await rig.replacement.takeOver(signed)
  const digest = manualCutDigest({ chainId: CHAIN_ID, agreement: AGREEMENT }, signed.manualCut)
  expect(rig.last('tookOver')).toMatchObject({ leg: 1, cutDigest: digest, name: 'shipper-x' })
  await rig.restart()
  await rig.read(20, 21, 22, 23)
  const keys = await verifyLegKeys(native, SPARE.public, decodeSignedLegKeys(frames()[0]!.bytes))
  const [first] = rig.envelopes(1)
  await verifyEnvelope(native, keys, first!)
  expect(first!.header).toMatchObject({ leg: 1, seq: 0, count: 4 })
  expect(first!.cut).toBeUndefined()
  expect(toHex(first!.header.previous)).toBe(digest)

  await rig.custody.scan({ hold: false })
  const offer = decodeSignedOffer(fromHex(rig.last('offer').offer))
  expect(offer.record).toMatchObject({ leg: 1, device: deviceId(SPARE.public) })
  await rig.custody.accept(await rig.accept('factory'))
  await verifyCut(native, keys, decodeSignedCut(rig.spool.legs.get(1)!.cut!))
  expect(rig.custody.isDelivered).toBe(true)
})

it('refuses a cut that is not for it, or not by both, and begins nothing', async () => {
  const good = await cut()
  const code = async (signed: SignedManualCut) => refusal(rig.replacement.takeOver(signed))
  const hash: Hex = `0x${'77'.repeat(32)}`
  expect(await code({ ...good, agreement: `0x${'b2'.repeat(20)}` })).toBe('manualCut.agreement')
  expect(await code(await cut({ leg: 1 }))).toBe('manualCut.leg')
  expect(await code(await cut({ termsHash: hash }))).toBe('manualCut.termsHash')
  expect(await code(await cut({ nextKeysHash: hash }))).toBe('manualCut.nextKeys')
  expect(await code(await cut({ to: `0x${'99'.repeat(20)}` }))).toBe('manualCut.party')
  expect(await code(await cut({}, ['supplier', 'factory']))).toBe('manualCut.delivered')
  expect(await code(await cut({ amount: 1n }))).toBe('manualCut.amount')
  expect(await code({ ...good, toSignature: good.fromSignature })).toBe('manualCut.signature.ecdsa')
  expect(await code({ ...good, fromSignature: good.toSignature })).toBe('manualCut.signature.ecdsa')
  expect(rig.custody.hasBegun).toBe(false)
  expect(await code(good)).toBe('not refused')
})
