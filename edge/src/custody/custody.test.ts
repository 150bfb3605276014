import { randomBytes } from 'node:crypto'
import {
  cutDigest,
  decodeSignedAccept,
  decodeSignedCut,
  decodeSignedLegKeys,
  decodeSignedOffer,
  decodeSignedSeal,
  encodeSignedAccept,
  FLAG,
  fromHex,
  legKeysDigest,
  native,
  offerDigest,
  type PublicKeys,
  toHex,
  verifyCut,
  verifyEnvelope,
  verifyLegKeys,
  verifyOffer,
  verifySeal,
} from '@consign/envelope'
import { merkleRoot } from '@consign/merkle'
import { sampleAgreement } from '@consign/terms/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { makeRig, type Rig, type RigOptions } from '../../test/rig.ts'
import type { SpooledFrame } from '../spool/frames.ts'

// SLH-DSA signs several times in each of them, a quarter of a second at best.
vi.setConfig({ testTimeout: 60_000 })

let rig: Rig
afterEach(() => rig.close())
const begin = async (options?: RigOptions): Promise<Rig> => {
  rig = await makeRig(options)
  return rig
}

function frames(): SpooledFrame[] {
  const all: SpooledFrame[] = []
  for (let frame = rig.spool.frames.after(0); frame; frame = rig.spool.frames.after(frame.id)) all.push(frame)
  return all
}
const framesOf = (kind: string): Uint8Array[] =>
  frames().flatMap((frame) => (frame.kind === kind ? [frame.bytes] : []))
const wallet = (name: string): string => rig.sample.parties[name]!.wallet.address.toLowerCase()
/** Everything that would differ if custody had moved. */
const state = () => ({ leg: rig.recorder.leg, frames: frames().length, offers: rig.spool.offers.latest(0) })

async function keysOfLegs(): Promise<PublicKeys[]> {
  const keys: PublicKeys[] = []
  for (const bytes of framesOf('legKeys'))
    keys.push(
      await verifyLegKeys(native, keys.at(-1) ?? rig.sample.device.public, decodeSignedLegKeys(bytes)),
    )
  return keys
}

describe('a handover', () => {
  it('offers what the leg holds, with the next keys vouched for by this leg', async () => {
    await begin()
    await rig.read(20, 21, 22, 23, 24)
    await rig.custody.scan({ hold: false })
    const [leg0] = await keysOfLegs()
    const offer = decodeSignedOffer(framesOf('offer')[0]!)
    await verifyOffer(native, leg0!, offer)
    const nextKeys = decodeSignedLegKeys(framesOf('legKeys')[1]!)
    expect(nextKeys.record.leg).toBe(1)
    expect(offer.record).toMatchObject({
      leg: 0,
      m: 2,
      nextKeysHash: legKeysDigest(nextKeys.record),
      ttlEnvelopes: 100,
    })
    expect(toHex(offer.record.head)).toBe(rig.recorder.leg.head)
    expect(rig.last('offer')).toMatchObject({ offerDigest: toHex(offerDigest(offer.record)), m: 2, leg: 0 })
    expect(frames().map(({ kind }) => kind)).toEqual(['legKeys', 'envelope', 'envelope', 'legKeys', 'offer'])
  })

  it('moves by a cut over the whole leg, which begins the next', async () => {
    await begin()
    await rig.read(20, 21, 22, 23, 24)
    await rig.custody.scan({ hold: false })
    await rig.read(25)
    const accept = await rig.accept('shipper-x')
    await rig.custody.accept(accept)
    const [leg0, leg1] = await keysOfLegs()
    const ended = rig.spool.legs.get(0)!
    const cut = decodeSignedCut(framesOf('cut')[0]!)
    await verifyCut(native, leg0!, cut)
    expect(cut.record).toMatchObject({ leg: 0, n: 3, offerDigest: fromHex(rig.last('offer').offerDigest) })
    expect(cut.record.root).toEqual(merkleRoot(rig.envelopes(0).map(({ digest }) => digest)))
    expect(ended).toMatchObject({
      n: 3,
      readings: 6,
      cutDigest: toHex(cutDigest(cut.record)),
      acceptParty: wallet('shipper-x'),
      keys: null,
    })
    const seal = decodeSignedSeal(framesOf('seal').at(-1)!)
    await verifySeal(native, leg0!, seal)
    expect(seal.record).toMatchObject({ leg: 0, n: 3, root: cut.record.root, head: cut.record.head })

    const [first] = rig.envelopes(1)
    await verifyEnvelope(native, leg1!, first!)
    expect(first!.header).toMatchObject({
      leg: 1,
      seq: 0,
      count: 0,
      flags: FLAG.handover | FLAG.checkpoint,
      baseMonotonicMs: 0,
    })
    expect(toHex(first!.header.previous)).toBe(ended.cutDigest)
    expect(first!.cut).toEqual(cut)
    expect(encodeSignedAccept(first!.accept!)).toEqual(accept)
    expect(rig.recorder.leg).toMatchObject({ leg: 1, party: wallet('shipper-x'), n: 1 })
    expect(rig.last('cut')).toMatchObject({ leg: 0, n: 3, readings: 6, name: 'shipper-x' })
  })

  it('counts the new leg from its own beginning', async () => {
    await begin()
    await rig.read(20, 21, 22)
    await rig.custody.scan({ hold: true, position: 3 })
    await rig.custody.accept(await rig.accept('shipper-x'))
    await rig.read(41)
    const header = rig.envelopes(1).at(-1)!.header
    // The third reading was at 2 minutes; the taker's first is at 3.
    expect(header).toMatchObject({ leg: 1, seq: 1, count: 1, baseMonotonicMs: 60_000 })
    expect(header.flags & FLAG.excursion).toBe(FLAG.excursion)
  })

  it('begins an excursion anew for the taker when one goes on across the cut', async () => {
    await begin()
    await rig.read(20, 41)
    await rig.custody.scan({ hold: true, position: 2 })
    await rig.custody.accept(await rig.accept('shipper-x'))
    await rig.read(42)
    const began = rig.events.filter((event) => event.event === 'excursion' && event.state === 'began')
    expect(began).toMatchObject([{ leg: 0 }, { leg: 1 }])
  })

  it('ends every leg with a checkpoint, if need be by a heartbeat', async () => {
    await begin({ draft: { windows: { checkpointEvery: 100 } } })
    await rig.read(20, 21, 22, 23)
    expect(rig.envelopes()[0]!.header.flags).toBe(0)
    await rig.custody.scan({ hold: true, position: 4 })
    await rig.custody.accept(await rig.accept('shipper-x'))
    expect(rig.envelopes(0).map(({ header }) => [header.count, header.flags])).toEqual([
      [4, 0],
      [0, FLAG.checkpoint],
    ])
  })

  it('moves a leg without any envelope too', async () => {
    await begin()
    await rig.custody.scan({ hold: true })
    await rig.custody.accept(await rig.accept('shipper-x'))
    const { record } = decodeSignedCut(framesOf('cut')[0]!)
    expect(record.n).toBe(0)
    expect(record.root).toEqual(merkleRoot([]))
    expect(toHex(record.head)).toBe(toHex(legKeysDigest(decodeSignedLegKeys(framesOf('legKeys')[0]!).record)))
  })

  it('delivers when the payer takes the goods', async () => {
    await begin()
    await rig.read(20)
    await rig.custody.scan({ hold: true })
    expect(rig.custody).toMatchObject({ isHolding: true, isDelivered: false })
    await rig.custody.accept(await rig.accept('factory'))
    expect(rig.custody).toMatchObject({ isHolding: false, isDelivered: true })
  })
})

describe('an acceptance that is not valid', () => {
  const refusedWith = async (bytes: Uint8Array, code: string): Promise<void> => {
    const before = state()
    await expect(rig.custody.accept(bytes)).rejects.toMatchObject({ name: 'Refusal', code })
    expect(state()).toEqual(before)
  }

  it('changes nothing, whatever is wrong with it, and the valid one still moves custody', async () => {
    await begin()
    await rig.read(20)
    await rig.custody.scan({ hold: false })
    rig.sample.parties.stranger = sampleAgreement({
      parties: [
        { name: 'stranger', role: 'payer' },
        { name: 'other', role: 'payee', amountTokens: 1 },
      ],
      limits: [],
    }).parties.stranger!
    const valid = await rig.accept('shipper-x')
    await refusedWith(await rig.accept('stranger', { amount: 0n, penaltyMax: 0n }), 'accept.party')
    await refusedWith(await rig.accept('supplier'), 'accept.holder')
    await refusedWith(await rig.accept('shipper-x', { amount: 1n }), 'accept.amount')
    await refusedWith(await rig.accept('shipper-x', { penaltyMax: 0n }), 'accept.penaltyMax')
    await refusedWith(
      await rig.accept('shipper-x', { termsHash: `0x${'00'.repeat(32)}` }),
      'accept.termsHash',
    )
    await refusedWith(await rig.accept('shipper-x', { offerDigest: toHex(randomBytes(32)) }), 'accept.offer')
    await refusedWith(await rig.accept('shipper-x', {}, `0x${'b2'.repeat(20)}`), 'accept.signature.ecdsa')
    const party = wallet('shipper-x') as `0x${string}`
    const { amount, penaltyMax } = decodeSignedAccept(valid).record
    await refusedWith(await rig.accept('shipper-y', { party, amount, penaltyMax }), 'accept.signature.ecdsa')
    const signed = decodeSignedAccept(valid)
    const altered = (bytes: Uint8Array) => bytes.with(9, bytes[9]! ^ 1)
    await refusedWith(
      encodeSignedAccept({ ...signed, mlDsa: altered(signed.mlDsa) }),
      'accept.signature.mlDsa',
    )
    await refusedWith(
      encodeSignedAccept({ ...signed, slhDsa: altered(signed.slhDsa) }),
      'accept.signature.slhDsa',
    )
    await refusedWith(valid.subarray(1), 'accept.length')
    await refusedWith(new Uint8Array(0), 'accept.length')
    await rig.custody.accept(valid)
    expect(rig.recorder.leg.leg).toBe(1)
    await refusedWith(valid, 'accept.replayed')
  })

  it('is refused when nothing is offered', async () => {
    await begin()
    rig.events.push({ event: 'offer', offerDigest: `0x${'11'.repeat(32)}` } as never)
    await refusedWith(await rig.accept('shipper-x'), 'accept.offer')
  })

  it('is refused after the offer has expired, and a new scan makes another offer with the same next keys', async () => {
    await begin({ draft: { windows: { offerTtlEnvelopes: 2 } }, readingsPerEnvelope: 1 })
    await rig.read(20)
    await rig.custody.scan({ hold: false })
    const { offerDigest: first, nextKeysHash } = rig.last('offer')
    await rig.read(21, 22)
    const inTime = await rig.accept('shipper-x')
    await rig.read(23)
    await refusedWith(inTime, 'accept.expired')
    expect(rig.recorder.leg.leg).toBe(0)
    await rig.custody.scan({ hold: false })
    expect(rig.last('offer')).toMatchObject({ m: 4, nextKeysHash })
    expect(rig.last('offer').offerDigest).not.toBe(first)
    await refusedWith(inTime, 'accept.superseded')
    await rig.custody.accept(await rig.accept('shipper-x'))
    expect(rig.recorder.leg.leg).toBe(1)
  })

  it('still counts at the last envelope that the offer holds for', async () => {
    await begin({ draft: { windows: { offerTtlEnvelopes: 2 } }, readingsPerEnvelope: 2 })
    await rig.custody.scan({ hold: false })
    await rig.read(20, 21, 22)
    await rig.custody.accept(await rig.accept('shipper-x'))
    expect(rig.spool.legs.get(0)).toMatchObject({ n: 2, acceptParty: wallet('shipper-x') })
  })
})

describe('a scan', () => {
  it('shows the open offer again instead of making another', async () => {
    await begin()
    await rig.custody.scan({ hold: false })
    await rig.custody.scan({ hold: false })
    const shown = rig.events.flatMap((event) => (event.event === 'offer' ? [event.offerDigest] : []))
    expect(shown).toHaveLength(2)
    expect(new Set(shown).size).toBe(1)
    expect(framesOf('offer')).toHaveLength(1)
  })

  it('is offered again after a restart', async () => {
    await begin()
    await rig.custody.scan({ hold: true, position: 1 })
    const { offerDigest: shown } = rig.last('offer')
    rig.events.length = 0
    await rig.restart()
    expect(rig.last('offer').offerDigest).toBe(shown)
    expect(rig.custody.isHolding).toBe(true)
    await rig.custody.accept(await rig.accept('shipper-x'))
    expect(rig.recorder.leg.leg).toBe(1)
  })

  it('needs a new offer when the held one was outlived by heartbeats', async () => {
    await begin({ draft: { windows: { offerTtlEnvelopes: 1, silenceMinutesMax: 2 } } })
    await rig.custody.scan({ hold: true, position: 1 })
    expect(rig.custody.needsNewOffer).toBe(false)
    for (let heartbeat = 0; heartbeat < 2; heartbeat++) {
      rig.clock.ms += 90_000
      await rig.recorder.tick()
    }
    expect(rig.custody.needsNewOffer).toBe(true)
  })
})

describe('a cut that a crash interrupted', () => {
  it('is made from the acceptance that was stored, and no other acceptance gets through', async () => {
    await begin()
    await rig.read(20)
    await rig.custody.scan({ hold: true, position: 1 })
    const first = await rig.accept('shipper-x')
    const second = await rig.accept('shipper-y')
    rig.spool.offers.accept(rig.last('offer').offerDigest, first)
    await rig.restart()
    expect(rig.spool.legs.get(0)).toMatchObject({ acceptParty: wallet('shipper-x') })
    await expect(rig.custody.accept(second)).rejects.toMatchObject({ code: 'accept.replayed' })
    expect(rig.custody.hasAccepted(first)).toBe(true)
    expect(rig.custody.hasAccepted(second)).toBe(false)
  })
})
