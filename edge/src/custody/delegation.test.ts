import {
  ALL_AGREEMENTS,
  type Delegation,
  decodeSignedAccept,
  encodeSignedAccept,
  native,
  toHex,
} from '@consign/envelope'
import { generatePartyKeys, partyIdentity, signAccept, signDelegation, termsHash } from '@consign/terms'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AGREEMENT, CHAIN_ID, makeRig, type Rig, type RigOptions } from '../../test/rig.ts'

// SLH-DSA signs several times in each of them, a quarter of a second at best.
vi.setConfig({ testTimeout: 60_000 })

const driver = generatePartyKeys()
const { wallet: delegate } = partyIdentity(driver)

let rig: Rig
afterEach(() => rig.close())

/** A device that offers after some readings; they are a minute apart. */
async function offering(options?: RigOptions): Promise<Rig> {
  rig = await makeRig(options)
  await rig.read(20, 21, 22, 23, 24)
  await rig.custody.scan({ hold: false })
  return rig
}

const wallet = (name: string) => partyIdentity(rig.sample.parties[name]!).wallet

/** The last offer, accepted by the driver for shipper-x. */
async function byDriver(change: Partial<Delegation> = {}, signer = 'shipper-x'): Promise<Uint8Array> {
  const { mlDsa: mlDsaKey, slhDsa: slhDsaKey } = driver.pq.public
  const record: Delegation = {
    ...{ party: wallet('shipper-x'), delegate, mlDsaKey, slhDsaKey },
    ...{ scope: termsHash(rig.sample.terms), notAfterMs: rig.recorder.utcMs },
    ...change,
  }
  const delegation = await signDelegation(native, rig.sample.parties[signer]!, CHAIN_ID, record)
  const { record: accept } = decodeSignedAccept(await rig.accept('shipper-x'))
  const where = { chainId: CHAIN_ID, agreement: AGREEMENT }
  return encodeSignedAccept(await signAccept(native, driver, where, accept, delegation))
}

async function refusedWith(accept: Uint8Array, code: string): Promise<void> {
  const before = { leg: rig.recorder.leg, offers: rig.spool.offers.latest(0) }
  await expect(rig.custody.accept(accept)).rejects.toMatchObject({ name: 'Refusal', code })
  expect({ leg: rig.recorder.leg, offers: rig.spool.offers.latest(0) }).toEqual(before)
}

describe('a handover to a driver', () => {
  it('gives custody to the party, and the next leg begins with the delegation', async () => {
    await offering()
    const accept = await byDriver()
    await rig.custody.accept(accept)
    expect(rig.recorder.leg).toMatchObject({ leg: 1, party: wallet('shipper-x') })
    expect(rig.last('accepted')).toMatchObject({ name: 'shipper-x', delegate })
    const [first] = rig.envelopes(1)
    expect(toHex(encodeSignedAccept(first!.accept!))).toBe(toHex(accept))
    expect(rig.custody.hasAccepted(accept)).toBe(true)
  })

  it('holds to the last millisecond of the device’s clock, not one longer', async () => {
    await offering()
    const accept = await byDriver()
    rig.clock.ms += 1
    await refusedWith(accept, 'delegation.expired')
    await rig.custody.accept(await byDriver())
    expect(rig.recorder.leg.leg).toBe(1)
  })

  it('leaves an envelope before the cut that is not later than the delegation', async () => {
    await offering({ readingsPerEnvelope: 1, draft: { windows: { checkpointEvery: 100 } } })
    rig.clock.ms += 30_000
    await rig.recorder.take(
      { monotonicMs: 301_000, utcMs: rig.recorder.utcMs + 1_000, values: { temperature: 20_000 } },
      5,
    )
    const notAfterMs = rig.recorder.utcMs + 5_000
    rig.clock.ms += 5_000
    await rig.custody.accept(await byDriver({ notAfterMs }))
    const last = rig.envelopes(0).at(-1)!
    expect(last.header).toMatchObject({ count: 0, baseUtcMs: notAfterMs })
  })

  it('tells the time even of a leg without readings', async () => {
    rig = await makeRig()
    await rig.custody.scan({ hold: false })
    const notAfterMs = rig.recorder.utcMs
    await rig.custody.accept(await byDriver({ notAfterMs }))
    expect(rig.envelopes(0).map(({ header }) => header)).toMatchObject([
      { seq: 0, count: 0, baseUtcMs: notAfterMs },
    ])
    expect(rig.spool.legs.get(0)).toMatchObject({ n: 1, acceptParty: wallet('shipper-x') })
  })

  it('is refused by a device that does not know the time, which takes the party itself', async () => {
    await offering({ clockState: 0 })
    await refusedWith(await byDriver(), 'delegation.clock')
    await rig.custody.accept(await rig.accept('shipper-x'))
    expect(rig.recorder.leg.leg).toBe(1)
  })

  it('is finished by a restart after the delegation has ended, from the acceptance that was stored in time', async () => {
    await offering()
    const accept = await byDriver()
    rig.spool.offers.accept(rig.last('offer').offerDigest, accept)
    rig.clock.ms += 3_600_000
    await rig.restart()
    expect(rig.spool.legs.get(0)).toMatchObject({ acceptParty: wallet('shipper-x') })
    expect(rig.envelopes(0).at(-1)!.header.baseUtcMs).toBeLessThanOrEqual(
      decodeSignedAccept(accept).delegation!.record.notAfterMs,
    )
  })

  it('serves all agreements where the party says so, and no other one where it does not', async () => {
    await offering()
    await refusedWith(await byDriver({ scope: `0x${'11'.repeat(32)}` }), 'delegation.scope')
    await rig.custody.accept(await byDriver({ scope: ALL_AGREEMENTS }))
    expect(rig.recorder.leg.leg).toBe(1)
  })

  it('is refused when the delegation is of another party, by another one, or for another delegate', async () => {
    await offering()
    await refusedWith(await byDriver({ party: wallet('shipper-y') }, 'shipper-y'), 'delegation.party')
    await refusedWith(await byDriver({}, 'shipper-y'), 'delegation.signature.ecdsa')
    await refusedWith(await byDriver({ delegate: wallet('shipper-y') }), 'delegation.delegate')
    const altered = (await byDriver()).slice()
    altered[altered.length - 1] = altered.at(-1)! ^ 1
    await refusedWith(altered, 'delegation.signature.slhDsa')
    expect(rig.envelopes(1)).toEqual([])
  })

  it('is refused without its delegation', async () => {
    await offering()
    const { delegation: _, ...bare } = decodeSignedAccept(await byDriver())
    await refusedWith(encodeSignedAccept(bare), 'accept.signature.ecdsa')
  })
})
