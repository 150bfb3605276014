import { caseId } from '@consign/terms'
import { bytesToHex, type Hex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Anvil, developer, startAnvil } from '../../../contracts/script/anvil.ts'
import {
  addEnvelope,
  firstLeg,
  type Handover,
  handOver,
  type LegEvidence,
  makeShipment,
  type Shipment,
} from '../../../contracts/script/shipment.ts'
import {
  agreementAbi,
  cutArguments,
  type Deployment,
  deployConsign,
  disclosureFor,
  startArguments,
  type WalletClient,
  walletClient,
} from '../src/index.ts'
import { above40, type Cut, calls, create, degrees, draftWith, type Proof, refusal } from './calls.ts'

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

let anvil: Anvil
let client: WalletClient
let deployment: Deployment

beforeAll(async () => {
  anvil = await startAnvil()
  client = walletClient(anvil.url, developer)
  deployment = await deployConsign({ client, account: developer })
})

afterAll(() => anvil.stop())

const party = (shipment: Shipment, name: string) => {
  const keys = shipment.parties[name]
  if (!keys) throw new Error(`no party ${name}`)
  return keys
}
const walletOf = (shipment: Shipment, name: string) => party(shipment, name).wallet.address.toLowerCase()
const highS = ({ r, s }: { r: Hex; s: Hex }) =>
  ({ r, s: `0x${(P256_ORDER - BigInt(s)).toString(16).padStart(64, '0')}` }) as const
describe('a shipment over three legs', () => {
  let shipment: Shipment
  let chain: ReturnType<typeof calls>
  let leg0: LegEvidence
  let leg1: LegEvidence
  let toX: Handover
  let toY: Handover

  const proof = (leg: LegEvidence, from: number, to: number, index: number): Proof =>
    disclosureFor({
      terms: shipment.terms,
      limit: above40(shipment),
      keys: leg.signedKeys,
      run: leg.wires.slice(from, to + 1),
      index,
    })

  beforeAll(async () => {
    shipment = await makeShipment(deployment)
    chain = calls(client, shipment.agreement)
    leg0 = await firstLeg(shipment)
    await addEnvelope(leg0, degrees(20, 21))
    toX = await handOver(shipment, leg0, party(shipment, 'shipper-x'))
    leg1 = toX.next
    await addEnvelope(leg1, degrees(39, 40, 41, 47, 40)) // seq 0: one excursion, from index 2
    await addEnvelope(leg1, degrees(undefined, undefined)) // seq 1
    await addEnvelope(leg1, []) // seq 2: a heartbeat
    await addEnvelope(leg1, degrees(undefined, 43, undefined, 44)) // seq 3: the next, from index 1
    toY = await handOver(shipment, leg1, party(shipment, 'shipper-y'))
  })

  test('is created where its parties computed it', async () => {
    await create(client, deployment.factory, shipment)
    const termsHash = await client.readContract({
      address: shipment.agreement,
      abi: agreementAbi,
      functionName: 'termsHash',
    })
    expect(termsHash).toBe(shipment.termsHash)
  })

  test('refuses a cut and a proof before it has begun', async () => {
    expect(
      await refusal(chain.recordCut(cutArguments({ terms: shipment.terms, keys: leg0.signedKeys, ...toX }))),
    ).toBe('AgreementLegNotBegun')
    expect(await refusal(chain.prove(proof(leg1, 0, 0, 2)))).toBe('AgreementLegNotBegun')
  })

  test('begins with the payee, under keys that the device signed', async () => {
    const args = startArguments({ terms: shipment.terms, keys: leg0.signedKeys })
    const [keys, signature, device, payer, payee] = args
    const unsigned = startArguments({ terms: shipment.terms, keys: leg1.signedKeys })
    expect(await refusal(chain.start([unsigned[0], unsigned[1], device, payer, payee]))).toBe(
      'AgreementDeviceSignatureInvalid',
    )
    expect(await refusal(chain.start([keys, highS(signature), device, payer, payee]))).toBe(
      'AgreementDeviceSignatureInvalid',
    )
    expect(await refusal(chain.start([keys, signature, device, payer, payer]))).toBe(
      'AgreementRoleUnexpected',
    )
    const elsewhere = { ...payee, proof: [] }
    expect(await refusal(chain.start([keys, signature, device, payer, elsewhere]))).toBe('ClauseNotInTerms')

    await chain.start(args)
    expect(await chain.custodianOf(0)).toBe(walletOf(shipment, 'supplier'))
    expect((await chain.legOf(0)).keysHash).toBe(bytesToHex(leg0.keysHash))
    expect(await refusal(chain.start(args))).toBe('AgreementAlreadyStarted')
  })

  test('passes to shipper X by a cut that the leg signed over an offer and its acceptance', async () => {
    const args = cutArguments({ terms: shipment.terms, keys: leg0.signedKeys, ...toX })
    const [leg, keys, offer, accept, acceptSignature, cut, signature, taker] = args
    const other = cutArguments({ terms: shipment.terms, keys: leg1.signedKeys, ...toY })
    const altered: [string, Cut][] = [
      ['AgreementKeysNotOfLeg', [leg, other[1], offer, accept, acceptSignature, cut, signature, taker]],
      ['AgreementDeviceSignatureInvalid', [leg, keys, offer, accept, acceptSignature, cut, other[6], taker]],
      [
        'AgreementDeviceSignatureInvalid',
        [leg, keys, offer, accept, acceptSignature, cut, highS(signature), taker],
      ],
      [
        'AgreementDeviceSignatureInvalid',
        [leg, keys, offer, accept, acceptSignature, { ...cut, n: 2 }, signature, taker],
      ],
      ['AgreementAcceptSignatureInvalid', [leg, keys, offer, accept, other[4], cut, signature, taker]],
      [
        'AgreementAcceptSignatureInvalid',
        [
          leg,
          keys,
          { ...offer, nonce: other[2].head.slice(0, 34) as Hex },
          accept,
          acceptSignature,
          cut,
          signature,
          taker,
        ],
      ],
      ['AgreementAcceptNotAsAgreed', [leg, keys, offer, accept, acceptSignature, cut, signature, other[7]]],
      [
        'AgreementAcceptNotAsAgreed',
        [leg, keys, offer, { ...accept, amount: 1n }, acceptSignature, cut, signature, taker],
      ],
      [
        'AgreementCutOutsideOffer',
        [leg, keys, { ...offer, m: 2 }, accept, acceptSignature, cut, signature, taker],
      ],
      [
        'ClauseNotInTerms',
        [leg, keys, offer, accept, acceptSignature, cut, signature, { ...taker, salt: other[7].salt }],
      ],
    ]
    for (const [expected, call] of altered) expect(await refusal(chain.recordCut(call))).toBe(expected)

    await chain.recordCut(args)
    expect(await chain.custodianOf(1)).toBe(walletOf(shipment, 'shipper-x'))
    expect(await chain.legOf(0)).toMatchObject({ ended: true, n: 1 })
    expect(await chain.legOf(1)).toMatchObject({ ended: false, keysHash: bytesToHex(leg1.keysHash) })
    expect(await refusal(chain.recordCut(args))).toBe('AgreementLegEnded')
  })

  test('refuses a late cut, an acceptance under other amounts and one by a stranger', async () => {
    const { terms } = shipment
    const x = party(shipment, 'shipper-y')
    const late = await handOver(shipment, leg1, x, { m: 1, ttlEnvelopes: 2 })
    expect(await refusal(chain.recordCut(cutArguments({ terms, keys: leg1.signedKeys, ...late })))).toBe(
      'AgreementCutOutsideOffer',
    )
    const dearer = await handOver(shipment, leg1, x, { amount: 51n * 10n ** 18n })
    expect(await refusal(chain.recordCut(cutArguments({ terms, keys: leg1.signedKeys, ...dearer })))).toBe(
      'AgreementAcceptNotAsAgreed',
    )
    const strangers = (await makeShipment(deployment, draftWith('stranger'))).parties.stranger
    if (!strangers) throw new Error('no stranger')
    const strange = await handOver(shipment, leg1, strangers)
    expect(() => cutArguments({ terms, keys: leg1.signedKeys, ...strange })).toThrow('do not list')
  })

  test('refuses every proof that is not of the first reading outside', async () => {
    const { terms } = shipment
    const sound = proof(leg1, 0, 0, 2)
    const [leg, keys, limit, run, index, signature] = sound
    const [shown] = run
    const leg0Proof = disclosureFor({
      terms,
      limit: above40(shipment),
      keys: leg0.signedKeys,
      run: leg0.wires,
      index: 0,
    })
    if (!shown) throw new Error('no disclosure')
    const flipped = (bytes: Hex) => `${bytes.slice(0, -1)}${bytes.endsWith('0') ? '1' : '0'}` as Hex
    const altered: [string, Proof][] = [
      ['AgreementReadingInside', proof(leg1, 0, 0, 1)],
      ['AgreementNotFirstOutside', proof(leg1, 0, 0, 3)],
      ['AgreementReadingAbsent', proof(leg1, 0, 0, 5)],
      ['AgreementReadingAbsent', proof(leg1, 0, 3, 0)],
      ['AgreementNotFirstOutside', proof(leg1, 0, 3, 3)],
      ['AgreementPredecessorMissing', proof(leg1, 1, 3, 1)],
      ['AgreementPredecessorMissing', proof(leg1, 3, 3, 1)],
      [
        'AgreementRunNotLinked',
        [
          leg,
          keys,
          limit,
          [...proof(leg1, 0, 1, 0)[3], ...proof(leg1, 3, 3, 0)[3]],
          1,
          proof(leg1, 3, 3, 1)[5],
        ],
      ],
      ['AgreementRunEmpty', [leg, keys, limit, [], index, signature]],
      ['AgreementDeviceSignatureInvalid', [leg, keys, limit, run, index, proof(leg1, 1, 1, 0)[5]]],
      ['AgreementDeviceSignatureInvalid', [leg, keys, limit, run, index, highS(signature)]],
      ['AgreementKeysNotOfLeg', [leg, leg0Proof[1], limit, run, index, signature]],
      ['AgreementKeysNotOfLeg', [0, keys, limit, run, index, signature]],
      ['AgreementEnvelopeForeign', [0, leg0Proof[1], limit, run, index, signature]],
      ['ClauseNotInTerms', [leg, keys, { ...limit, body: flipped(limit.body) }, run, index, signature]],
      [
        'ClauseKindUnexpected',
        [leg, keys, startArguments({ terms, keys: leg0.signedKeys })[2], run, index, signature],
      ],
      [
        'EnvelopeColumnMismatch',
        [leg, keys, limit, [{ ...shown, column: flipped(shown.column) }], index, signature],
      ],
      ['EnvelopeColumnMismatch', [leg, keys, limit, [{ ...shown, column: '0x' }], index, signature]],
      [
        'EnvelopeColumnMismatch',
        [leg, keys, limit, [{ ...shown, columnSalt: flipped(shown.columnSalt) }], index, signature],
      ],
      [
        'EnvelopeColumnMismatch',
        [leg, keys, limit, [{ ...shown, hashes: shown.hashes.toReversed() }], index, signature],
      ],
      [
        'EnvelopeHeaderMalformed',
        [leg, keys, limit, [{ ...shown, header: shown.header.slice(0, -2) as Hex }], index, signature],
      ],
      [
        'AgreementDeviceSignatureInvalid',
        [leg, keys, limit, [{ ...shown, header: flipped(shown.header) }], index, signature],
      ],
    ]
    for (const [expected, call] of altered) expect(await refusal(chain.prove(call))).toBe(expected)
  })

  test('charges each excursion once, to the custodian of its leg', async () => {
    await chain.prove(proof(leg1, 0, 0, 2))
    await chain.prove(proof(leg1, 0, 3, 1))
    const cases = [
      { startSeq: 0, startIndex: 2, value: 41_000 },
      { startSeq: 3, startIndex: 1, value: 43_000 },
    ].map(({ value, ...start }) => ({
      value,
      id: caseId({ agreement: shipment.agreement, leg: 1, limitId: above40(shipment).limitId, ...start }),
    }))
    const proven = (await chain.events()).filter((event) => event.eventName === 'ViolationProven')
    expect(proven.map(({ args }) => ({ id: args.caseId, value: args.value }))).toEqual(cases)
    for (const { args } of proven) {
      expect(args.custodian.toLowerCase()).toBe(walletOf(shipment, 'shipper-x'))
      expect(args.penalty).toBe(10n * 10n ** 18n)
    }
    for (const { id } of cases) expect((await chain.caseOf(id)).provenAt).toBeGreaterThan(0n)
    expect(await refusal(chain.prove(proof(leg1, 0, 0, 2)))).toBe('AgreementAlreadyProven')
    expect(await refusal(chain.prove(proof(leg1, 0, 3, 1)))).toBe('AgreementAlreadyProven')
  })

  test('refuses envelopes beyond the cut, and takes those before it after it too', async () => {
    await chain.recordCut(cutArguments({ terms: shipment.terms, keys: leg1.signedKeys, ...toY }))
    const [transferred] = (await chain.events()).filter(
      (event) => event.eventName === 'CustodyTransferred' && event.args.leg === 1,
    )
    expect(transferred?.args).toMatchObject({ n: 4, cutDigest: bytesToHex(toY.cutDigest) })
    await addEnvelope(leg1, degrees(39, 45)) // seq 4, after the end
    expect(await refusal(chain.prove(proof(leg1, 4, 4, 1)))).toBe('AgreementBeyondCut')
    expect(await refusal(chain.prove(proof(leg1, 0, 3, 1)))).toBe('AgreementAlreadyProven')
  })

  test('holds an excursion that goes on across the cut against the taker as well', async () => {
    const leg2 = toY.next
    await addEnvelope(leg2, degrees(undefined, 45, 39))
    await chain.prove(proof(leg2, 0, 0, 1))
    const last = (await chain.events()).filter((event) => event.eventName === 'ViolationProven').at(-1)
    expect(last?.args.custodian.toLowerCase()).toBe(walletOf(shipment, 'shipper-y'))
  })
})
