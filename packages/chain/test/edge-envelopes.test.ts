// What the edge program itself packs, signs and stores, byte for byte, against the contracts: keys, handover, envelopes, seal.
import {
  decodeBody,
  decodeSignedAccept,
  decodeSignedOffer,
  encodeSignedAccept,
  type Hex,
  native,
  parseEnvelope,
} from '@consign/envelope'
import { caseId, limits, signAccept, signDelegation } from '@consign/terms'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { bytesToHex, parseEther } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { delegateTo, makeShipment, type Shipment } from '../../../contracts/script/shipment.ts'
import { makeRig, type Rig } from '../../../edge/test/rig.ts'
import {
  agreementAbi,
  confirmLegCall,
  contestArguments,
  cutArguments,
  cutCall,
  isProvable,
  sealAnswerArguments,
  startArguments,
  violationCalls,
} from '../src/index.ts'
import { calls, create, refusal } from './calls.ts'
import { startWorld, type World } from './world.ts'

let world: World
let shipment: Shipment
let rig: Rig
let chain: ReturnType<typeof calls>

beforeAll(async () => {
  world = await startWorld()
  shipment = await makeShipment(world.deployment, {
    ...SAMPLE_DRAFT,
    limits: [
      { metric: 'temperature', above: 40, penaltyTokens: '10' },
      { metric: 'temperature', kind: 'single', above: 30, minutes: 3, between: 'linear', penaltyTokens: '5' },
    ],
  })
  rig = await makeRig({ agreed: shipment })
  chain = calls(world.client, shipment.agreement)
  await create(world.client, world.deployment.factory, shipment)
  await rig.read(20, 21, 22, 23, 24)
  await rig.custody.scan({ hold: true, position: 5 })
  await rig.custody.accept(await rig.accept('shipper-x'))
  await rig.read(25, 31, 32, 33, undefined, 34, 45, 26, 27)
  await rig.recorder.flush(0)
  await rig.sealer.drained()
}, 120_000)

afterAll(async () => {
  rig?.close()
  await world?.anvil.stop()
})

const framesOf = (kind: string): Hex[] => {
  const found: Hex[] = []
  for (let frame = rig.spool.frames.after(0); frame; frame = rig.spool.frames.after(frame.id))
    if (frame.kind === kind) found.push(bytesToHex(frame.bytes))
  return found
}
const wiresOf = (leg: number) => rig.envelopes(leg).map(({ wire }) => wire)

test('its leg keys begin the agreement, and its cut passes custody on', async () => {
  const { terms } = shipment
  const [keys] = framesOf('legKeys') as [Hex]
  await chain.start(startArguments({ terms, keys }))
  const [offer] = framesOf('offer') as [Hex]
  const [cut] = framesOf('cut') as [Hex]
  const accept = bytesToHex(await rig.accept('shipper-x'))
  await chain.recordCut(cutArguments({ terms, keys, offer, accept, cut }))
  const leg = await chain.legOf(1)
  expect(leg.custodian.toLowerCase()).toBe(shipment.parties['shipper-x']?.wallet.address.toLowerCase())
  expect(leg.keysHash).toBe(
    bytesToHex(decodeSignedOffer(Buffer.from(offer.slice(2), 'hex')).record.nextKeysHash),
  )
})

test('its envelopes prove an excursion and a time outside', async () => {
  const { terms } = shipment
  const keys = framesOf('legKeys')[1] as Hex
  const run = wiresOf(1)
  for (const limit of limits(terms)) {
    if (!isProvable(limit)) throw new Error('the chain cannot judge it')
    const start = firstOutside(run, limit.bound)
    // As much as its services would show: the device seals at the end of an excursion what lies before.
    const shown = limit.kind === 'limit.instantaneous' ? run.slice(0, start.seq + 1) : run
    for (const call of violationCalls({ terms, limit, keys, run: shown, start })) await chain.send(call)
    expect((await chain.caseOf(caseOf(limit.limitId, start))).penalty).toBe(BigInt(limit.penalty.base))
  }
})

test('its seal answers a contest', async () => {
  const { terms, agreement } = shipment
  const [limit] = limits(terms)
  const start = firstOutside(wiresOf(1), 40_000)
  const id = caseOf(limit?.limitId ?? 0, start)
  const accused = shipment.parties['shipper-x']!.wallet
  await world.giveEther(accused.address)
  await chain.send(
    { functionName: 'contest', args: contestArguments({ terms, caseId: id }) },
    { account: accused, value: parseEther('0.5') },
  )
  const evidence = {
    terms,
    caseId: id,
    keys: framesOf('legKeys')[1] as Hex,
    seal: framesOf('seal').at(-1) as Hex,
  }
  const digests = rig.envelopes(1).map(({ digest }) => digest)
  const args = sealAnswerArguments({ ...evidence, digests, seq: (await chain.caseOf(id)).seq })
  await chain.send({ functionName: 'answerWithSeal', args })
  const open = await world.client.readContract({
    address: agreement,
    abi: agreementAbi,
    functionName: 'openDisputes',
  })
  expect(open).toBe(0n)
  expect((await chain.caseOf(id)).state).toBe(UPHELD)
})

test('its cut for a driver passes custody to the driver’s party, as the delegation and its own clock allow', async () => {
  const { terms } = shipment
  await rig.custody.scan({ hold: false })
  const carrier = shipment.parties['shipper-y']!
  const by = await delegateTo(shipment, carrier, 'shipper-y', { notAfterMs: Date.UTC(2100, 0, 1) })
  const { record } = decodeSignedAccept(await rig.accept('shipper-y'))
  const accept = encodeSignedAccept(await signAccept(native, by.driver, shipment, record, by.delegation))
  await rig.custody.accept(accept)
  const [keysBefore, keys] = framesOf('legKeys').slice(1) as [Hex, Hex]
  const [offer, cut] = [framesOf('offer').at(-1)!, framesOf('cut').at(-1)!]
  const last = wiresOf(1).at(-1)!
  const shown = { terms, keys: keysBefore, offer, accept: bytesToHex(accept), cut }
  expect(await refusal(chain.recordCut(cutArguments(shown)))).toBe('AgreementAcceptSignatureInvalid')
  const earlier = wiresOf(1).at(-2)!
  expect(await refusal(chain.send(cutCall({ ...shown, last: earlier })))).toBe('AgreementCutNotAtEnvelope')
  const past = { ...by.delegation.record, notAfterMs: parseEnvelope(last).header.baseUtcMs - 1 }
  const delegation = await signDelegation(native, carrier, shipment.chainId, past)
  const expired = await signAccept(native, by.driver, shipment, record, delegation)
  const late = { ...shown, accept: bytesToHex(encodeSignedAccept(expired)), last }
  expect(await refusal(chain.send(cutCall(late)))).toBe('DelegationExpired')

  await chain.send(cutCall({ ...shown, last }))
  expect(await chain.custodianOf(2)).toBe(carrier.wallet.address.toLowerCase())
  const handover = { keysBefore, offer, accept: shown.accept }
  const own = { ...handover, accept: bytesToHex(await rig.accept('shipper-y', record)) }
  await chain.send(confirmLegCall({ terms, keys, handover: own }))
  await chain.send(confirmLegCall({ terms, keys, handover }))
  const foreign = { ...by.delegation, slhDsa: expired.slhDsa }
  const swapped = await signAccept(native, by.driver, shipment, record, foreign)
  const forged = { ...handover, accept: bytesToHex(encodeSignedAccept(swapped)) }
  expect(await refusal(chain.send(confirmLegCall({ terms, keys, handover: forged })))).toBe(
    'AgreementPostQuantumSignatureInvalid',
  )
}, 60_000)

const UPHELD = 3

type Place = { seq: number; index: number }

function firstOutside(run: Uint8Array[], bound: number): Place {
  for (const wire of run) {
    const { header, body } = parseEnvelope(wire)
    const column = decodeBody(body, header.mask, header.count).column('temperature')
    const index = column?.findIndex((value) => value > bound) ?? -1
    if (index >= 0) return { seq: header.seq, index }
  }
  throw new Error(`nothing is above ${bound}`)
}

function caseOf(limitId: number, { seq, index }: Place): Hex {
  return caseId({ agreement: shipment.agreement, leg: 1, limitId, startSeq: seq, startIndex: index })
}
