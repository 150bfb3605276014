import { encodeFrame, encodeSignedLegKeys, native, toHex } from '@consign/envelope'
import type { Recorded } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WAITING_RECORDS_MAX } from './desk.ts'
import { submitAccept, submitAgreement } from './requests.ts'
import { refusal, SampleCustody } from './sample-custody.ts'
import { DEPLOYMENT, SampleJourney } from './sample-journey.ts'

let journey: SampleJourney
let offer: Awaited<ReturnType<SampleJourney['offer']>>
let accept: Awaited<ReturnType<SampleJourney['accept']>>
let cut: Awaited<ReturnType<SampleJourney['cut']>>
let terms: Awaited<ReturnType<SampleJourney['signedTerms']>>
beforeAll(async () => {
  journey = new SampleJourney()
  terms = await journey.signedTerms()
  offer = await journey.offer(0)
  accept = await journey.accept('shipper-x', offer.digest)
  cut = await journey.cut(0, offer.digest, accept.digest)
})

let custody: SampleCustody
beforeEach(() => {
  custody = new SampleCustody(journey)
})

async function offered(): Promise<void> {
  await custody.sign(terms)
  await custody.device(await journey.legKeysFrame(0))
  await custody.device(await journey.legKeysFrame(1), 1)
  await custody.device(offer.frame)
}

const JOURNEY = ['agreement.signed', 'packed', 'offered', 'accepted', 'transferred']

test('terms, keys, offer, acceptance and cut each become what they mean', async () => {
  await offered()
  expect(await custody.accept(accept.signed)).toEqual({
    ok: true,
    agreement: journey.agreement,
    leg: 0,
    acceptDigest: accept.digest,
  })
  await custody.device(cut.frame)
  expect(await custody.types()).toEqual(JOURNEY)
  expect((await custody.events()).at(-1)?.data).toMatchObject({
    leg: 0,
    n: 3,
    from: journey.wallet('supplier'),
    to: journey.wallet('shipper-x'),
    cutDigest: cut.digest,
  })
})

test('when the payer takes the goods they are delivered', async () => {
  const byPayer = await journey.accept('factory', offer.digest)
  await offered()
  await custody.accept(byPayer.signed)
  await custody.device((await journey.cut(0, offer.digest, byPayer.digest)).frame)
  expect(await custody.types()).toEqual([...JOURNEY, 'delivered'])
})

describe('terms are refused', () => {
  test('when one side has not signed', async () => {
    const { payeeSignature: _, ...oneSided } = terms
    expect(await refusal(custody.sign(oneSided))).toBe('agreement.signature')
  })

  test('when one side signed for the other', async () => {
    const twice = { ...terms, payeeSignature: terms.payerSignature }
    expect(await refusal(custody.sign(twice))).toBe('terms.signature.ecdsa')
  })

  test('when the post-quantum signature is another party’s', async () => {
    const payeeSignature = { ...terms.payeeSignature, mlDsa: terms.payerSignature.mlDsa }
    expect(await refusal(custody.sign({ ...terms, payeeSignature }))).toBe('terms.signature.mlDsa')
  })

  test('when their limits leave no permitted value', async () => {
    const clauses = terms.terms.clauses.flatMap((clause): unknown[] => {
      if (clause.kind !== 'limit.instantaneous') return [clause]
      return [
        clause,
        {
          ...clause,
          salt: `0x${'5a'.repeat(32)}`,
          limitId: clause.limitId + 100,
          side: 'below' as const,
          bound: clause.bound + 1,
        },
      ]
    })
    expect(await refusal(custody.sign({ ...terms, terms: { ...terms.terms, clauses } }))).toBe(
      'terms.contradictory',
    )
  })

  test('when a clause was changed after signing', async () => {
    const clauses = terms.terms.clauses.map((clause) =>
      clause.kind === 'limit.instantaneous' ? { ...clause, bound: clause.bound + 1 } : clause,
    )
    const changed = { ...terms, terms: { ...terms.terms, clauses } }
    expect(await refusal(custody.sign(changed))).toBe('terms.signature.ecdsa')
  })

  test('when they are for another chain, from a stranger, or no terms at all', async () => {
    const elsewhere = { ...custody.context, deployment: { ...DEPLOYMENT, chainId: 1 } }
    expect(await refusal(submitAgreement(elsewhere, journey.wallet('supplier'), terms))).toBe(
      'agreement.chain',
    )
    expect(await refusal(submitAgreement(custody.context, `0x${'99'.repeat(20)}`, terms))).toBe(
      'agreement.party',
    )
    expect(await refusal(custody.sign({ ...terms, terms: { version: 1, clauses: [] } }))).toBe('terms.schema')
    expect(await refusal(custody.sign('hello'))).toBe('agreement.request')
  })

  test('and nothing of it is left behind', async () => {
    await refusal(custody.sign({ ...terms, payeeSignature: terms.payerSignature }))
    expect(await custody.types()).toEqual([])
  })
})

test('signed terms submitted again, by either side, get the same answer and change nothing', async () => {
  const answer = await custody.sign(terms)
  expect(answer).toMatchObject({ ok: true, agreement: journey.agreement, termsHash: journey.termsHash })
  custody.restart()
  expect(await custody.sign(await journey.signedTerms(), 'factory')).toEqual(answer)
  expect(await custody.types()).toEqual(['agreement.signed'])
})

describe('an acceptance is refused', () => {
  beforeEach(offered)

  test('by a party that is not in the terms', async () => {
    const stranger: Hex = `0x${'99'.repeat(20)}`
    const { signed } = accept
    const foreign = { ...signed, record: { ...signed.record, party: stranger } }
    expect(await refusal(custody.accept(foreign))).toBe('accept.party')
  })

  test('submitted by another party than the one that signed it', async () => {
    expect(await refusal(custody.accept(accept.signed, journey.wallet('shipper-y')))).toBe('accept.party')
  })

  test('of an offer that this device never made', async () => {
    const other = await journey.offer(0, { nonce: new Uint8Array(16).fill(99) })
    const { signed } = accept
    const record = { ...signed.record, offerDigest: other.digest }
    expect(await refusal(custody.accept({ ...signed, record }))).toBe('accept.offer')
  })

  test('when the offer has expired', async () => {
    await custody.store(subjects.envelope(journey.agreement, 0), await journey.envelope(0, 12))
    expect(await refusal(custody.accept(accept.signed))).toBe('accept.expired')
  })

  test('and not before: the envelope ahead of expiry is still in time', async () => {
    await custody.store(subjects.envelope(journey.agreement, 0), await journey.envelope(0, 11))
    expect(await refusal(custody.accept(accept.signed))).toBe('not refused')
  })

  test('replayed for a leg that has ended', async () => {
    await custody.accept(accept.signed)
    await custody.device(cut.frame)
    const { signed } = accept
    const replayed = {
      ...signed,
      record: { ...signed.record, reservationsHash: `0x${'11'.repeat(32)}` as Hex },
    }
    expect(await refusal(custody.accept(replayed))).toBe('accept.replayed')
    expect(await custody.types()).toEqual(JOURNEY)
  })

  test('with another amount, penalty or terms than agreed', async () => {
    const { signed } = accept
    const change = (changes: object) =>
      custody.accept({ ...signed, record: { ...signed.record, ...changes } })
    expect(await refusal(change({ amount: signed.record.amount + 1n }))).toBe('accept.amount')
    expect(await refusal(change({ penaltyMax: 0n }))).toBe('accept.penaltyMax')
    expect(await refusal(change({ termsHash: `0x${'22'.repeat(32)}` }))).toBe('accept.termsHash')
  })

  test('with any of its three signatures wrong', async () => {
    const { signed } = accept
    const spoil = (bytes: Uint8Array) => bytes.with(10, (bytes[10] ?? 0) ^ 1)
    expect(await refusal(custody.accept({ ...signed, ecdsa: spoil(signed.ecdsa) }))).toBe(
      'accept.signature.ecdsa',
    )
    expect(await refusal(custody.accept({ ...signed, mlDsa: spoil(signed.mlDsa) }))).toBe(
      'accept.signature.mlDsa',
    )
    expect(await refusal(custody.accept({ ...signed, slhDsa: spoil(signed.slhDsa) }))).toBe(
      'accept.signature.slhDsa',
    )
  })

  test('when it is cut short or not hex', async () => {
    const ask = (accept: unknown) =>
      submitAccept(custody.context, journey.wallet('shipper-x'), { agreement: journey.agreement, accept })
    expect(await refusal(ask('0x0102'))).toBe('accept.length')
    expect(await refusal(ask('zz'))).toBe('accept.request')
  })
})

test('an acceptance for an agreement that is not signed here is refused', async () => {
  expect(await refusal(custody.accept(accept.signed))).toBe('accept.agreement')
})

test('the same acceptance again gets the same answer and no second event, also after the cut', async () => {
  await offered()
  const answer = await custody.accept(accept.signed)
  expect(await custody.accept(accept.signed)).toEqual(answer)
  await custody.device(cut.frame)
  custody.restart()
  expect(await custody.accept(accept.signed)).toEqual(answer)
  expect(await custody.types()).toEqual(JOURNEY)
})

describe('records of the device', () => {
  test('leg keys that do not chain to the device of the terms open no leg', async () => {
    await custody.sign(terms)
    const { record, ...rest } = await journey.legKeys(0)
    const stranger = await native.p256Sign(
      native.keysFromSeed(new Uint8Array(32).fill(99)),
      new Uint8Array(8),
    )
    const forged = encodeFrame('legKeys', encodeSignedLegKeys({ record, ...rest, p256: stranger }))
    expect(await refusal(custody.device(forged))).toBe('legKeys.signature.p256')
    const swapped = {
      ...(await journey.legKeys(1)),
      record: { ...(await journey.legKeys(1)).record, leg: 0 },
    }
    expect(await refusal(custody.device(encodeFrame('legKeys', encodeSignedLegKeys(swapped))))).toMatch(
      /^legKeys\.signature/,
    )
    expect(await custody.types()).toEqual(['agreement.signed'])
  })

  test('for another chain or agreement are refused', async () => {
    await custody.sign(terms)
    const keys = await journey.legKeys(0)
    const foreign = { ...keys, record: { ...keys.record, chainId: 1 } }
    expect(await refusal(custody.device(encodeFrame('legKeys', encodeSignedLegKeys(foreign))))).toBe(
      'record.place',
    )
  })

  test('an offer or a cut with a wrong signature is refused', async () => {
    await offered()
    await custody.accept(accept.signed)
    const spoiled = cut.frame.with(-1, (cut.frame.at(-1) ?? 0) ^ 1)
    expect(await refusal(custody.device(spoiled))).toBe('cut.signature.mlDsa')
    const other = (await journey.offer(0, { nonce: new Uint8Array(16).fill(5) })).frame
    expect(await refusal(custody.device(other.with(-1, (other.at(-1) ?? 0) ^ 1)))).toBe(
      'offer.signature.mlDsa',
    )
    await custody.device(cut.frame)
    expect(await custody.types()).toEqual(JOURNEY)
  })

  test('a cut outside its offer is refused', async () => {
    await offered()
    await custody.accept(accept.signed)
    for (const n of [1, 13]) {
      const outside = await journey.cut(0, offer.digest, accept.digest, { n })
      expect(await refusal(custody.device(outside.frame))).toBe('cut.expired')
    }
  })

  test('a cut waits for its acceptance, which may come by request', async () => {
    await offered()
    await custody.device(cut.frame)
    expect(await custody.types()).toEqual(['agreement.signed', 'packed', 'offered'])
    await custody.accept(accept.signed)
    expect(await custody.types()).toEqual(JOURNEY)
  })

  test('or with the first envelope of the next leg, for one that was shown to the device alone', async () => {
    await offered()
    await custody.device(cut.frame)
    await custody.envelope(await journey.envelope(1, 0, { cut, accept: accept.signed }), 1)
    expect(await custody.types()).toEqual(JOURNEY)
  })

  test('a forged acceptance on an envelope moves nothing, and the true one still counts', async () => {
    await offered()
    await custody.device(cut.frame)
    const { signed } = accept
    const forged = { ...signed, slhDsa: signed.slhDsa.with(0, (signed.slhDsa[0] ?? 0) ^ 1) }
    const wire = await journey.envelope(1, 0, { cut, accept: forged })
    expect(await refusal(custody.envelope(wire, 1))).toBe('accept.signature.slhDsa')
    expect(await custody.types()).toEqual(['agreement.signed', 'packed', 'offered'])
    await custody.accept(signed)
    expect(await custody.types()).toEqual(JOURNEY)
  })

  test('a seal is told once', async () => {
    await offered()
    const seal = await journey.sealFrame(0, 2)
    await custody.device(seal)
    await custody.device(seal)
    custody.restart()
    await custody.device(seal)
    expect(await custody.types()).toEqual(['agreement.signed', 'packed', 'offered', 'sealed'])
  })

  test('a second, different cut of a leg is evidence of tampering, told once with both', async () => {
    await offered()
    await custody.accept(accept.signed)
    await custody.device(cut.frame)
    await custody.device(cut.frame)
    const second = await journey.cut(0, offer.digest, accept.digest, { n: 4 })
    await custody.device(second.frame)
    await custody.device(second.frame)
    await custody.device((await journey.cut(0, offer.digest, accept.digest, { n: 5 })).frame)
    expect(await custody.types()).toEqual([...JOURNEY, 'tampered'])
    const evidence = [toHex(cut.frame.subarray(1)), toHex(second.frame.subarray(1))]
    expect((await custody.events()).at(-1)?.data).toMatchObject({ leg: 0, evidence })
  })

  test('what came while the service was away is told when it is back', async () => {
    await custody.sign(terms)
    const stored: Recorded[] = []
    for (const [frame, leg] of [
      [await journey.legKeysFrame(0), 0],
      [await journey.legKeysFrame(1), 1],
      [offer.frame, 0],
      [cut.frame, 0],
    ] as const) {
      stored.push(await custody.store(subjects.device(journey.agreement, leg), frame))
    }
    custody.restart()
    for (const message of stored.slice(0, 2)) await custody.handle(message)
    custody.restart()
    for (const message of stored.slice(2)) await custody.handle(message)
    custody.restart()
    await custody.accept(accept.signed)
    expect(await custody.types()).toEqual(JOURNEY)
  })
})

test('records that wait beyond the bound stay in the log, and are taken up when what they wait for has come', async () => {
  await custody.sign(terms)
  const seals = WAITING_RECORDS_MAX + 2
  for (let n = 1; n <= seals; n++) await custody.device(await journey.sealOfAnyone(0, n))
  const seal = await journey.sealFrame(0, seals + 1)
  await custody.device(seal)
  expect(await custody.types()).toEqual(['agreement.signed'])
  // The keys are ready at once: what waits does not keep them out. The seals that anyone made are then refused, and make room for the true one.
  await custody.device(await journey.legKeysFrame(0))
  expect(await custody.types()).toEqual(['agreement.signed', 'packed', 'sealed'])
  expect(new Set(custody.late)).toEqual(new Set(['seal.signature.slhDsa']))
})

test('in any order, however often, through restarts anywhere: the same events', async () => {
  const frames = [
    { leg: 0, frame: await journey.legKeysFrame(0) },
    { leg: 1, frame: await journey.legKeysFrame(1) },
    { leg: 0, frame: offer.frame },
    { leg: 0, frame: cut.frame },
  ]
  const handover = await journey.envelope(1, 0, { cut, accept: accept.signed })
  const piece = fc.constantFrom('restart', ...frames.keys(), 'handover')
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 8 }),
      fc.array(piece, { maxLength: 4 }),
      async (early, noise) => {
        custody = new SampleCustody(journey)
        await custody.sign(terms)
        const everything = [...early, 1, 2, ...noise, 3, 0, 'handover'] as const
        for (const what of everything) {
          if (what === 'restart') custody.restart()
          else if (what === 'handover') await custody.envelope(handover, 1)
          else
            await custody.device(
              frames[what as number]?.frame ?? new Uint8Array(),
              frames[what as number]?.leg,
            )
        }
        expect(await custody.types()).toEqual(JOURNEY)
        expect(new Set((await custody.events()).map(({ id }) => id)).size).toBe(JOURNEY.length)
      },
    ),
    { numRuns: 25 },
  )
})
