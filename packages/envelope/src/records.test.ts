import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type Accept, decodeAccept, decodeSignedAccept, encodeAccept, encodeSignedAccept } from './accept.ts'
import { toHex } from './bytes.ts'
import {
  cutDigest,
  decodeCut,
  decodeSignedCut,
  encodeCut,
  encodeSignedCut,
  signCut,
  verifyCut,
} from './cut.ts'
import {
  ALL_AGREEMENTS,
  decodeSignedDelegation,
  encodeDelegation,
  encodeSignedDelegation,
  pqKeyHash,
} from './delegation.ts'
import { encodeFrame, type FrameKind, parseFrame } from './frame.ts'
import type { KeySet } from './key-set.ts'
import { deviceId, keysBytes } from './keys.ts'
import {
  decodeLegKeys,
  decodeSignedLegKeys,
  encodeLegKeys,
  encodeSignedLegKeys,
  legKeysDigest,
  type SignedLegKeys,
  signLegKeys,
  verifyLegKeys,
} from './leg-keys.ts'
import { native } from './native.ts'
import {
  decodeOffer,
  decodeSignedOffer,
  encodeOffer,
  encodeSignedOffer,
  offerDigest,
  signOffer,
  verifyOffer,
} from './offer.ts'
import { withOtherS } from './p256-order.ts'
import {
  decodeReceipt,
  decodeSignedReceipt,
  encodeReceipt,
  encodeSignedReceipt,
  type Receipt,
  receiptDigest,
  signReceipt,
  verifyReceipt,
} from './receipt.ts'
import {
  decodeSeal,
  decodeSignedSeal,
  encodeSeal,
  encodeSignedSeal,
  sealDigest,
  signSeal,
  verifySeal,
} from './seal.ts'
import { filled } from './vectors/fixture.ts'
import { acceptOf, delegationOf } from './vectors/records.ts'

// Post-quantum signing on a busy machine takes longer than Vitest's five seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const ref = { chainId: 31337, agreement: `0x${'cd'.repeat(20)}`, leg: 2 } as const
const keys = native.generateKeys()
const next = native.generateKeys()
const stranger = native.generateKeys()

const legKeys = { ...ref, keys: keysBytes(next.public) }
const offer = {
  ...ref,
  device: deviceId(keys.public),
  m: 9,
  head: filled(1, 32),
  nextKeysHash: legKeysDigest(legKeys),
  nonce: filled(2, 16),
  ttlEnvelopes: 30,
}
const cut = {
  ...ref,
  offerDigest: filled(3, 32),
  acceptDigest: filled(4, 32),
  n: 11,
  head: filled(5, 32),
  root: filled(6, 32),
}
const seal = { ...ref, n: 11, root: filled(6, 32), head: filled(5, 32) }
const receipt: Receipt = {
  ...ref,
  kind: 'envelope',
  status: 'parked',
  fromSeq: 3,
  seq: 10,
  digest: filled(7, 32),
}

// Each record as bytes, digest, signed frame, and its check under any keys.
type RecordCase = {
  name: FrameKind
  recordBytes: number
  frameBytes: number
  record: object
  bytes: Uint8Array
  decode(bytes: Uint8Array): object
  digests: [Uint8Array, Uint8Array]
  sign(signer: KeySet): Promise<Uint8Array>
  verify(signer: KeySet, signed: Uint8Array): Promise<unknown>
}

const cases: RecordCase[] = [
  {
    name: 'legKeys',
    recordBytes: 161,
    frameBytes: 161 + 1312 + 64 + 2420 + 7856,
    record: legKeys,
    bytes: encodeLegKeys(legKeys),
    decode: decodeLegKeys,
    digests: [legKeysDigest(legKeys), legKeysDigest(encodeLegKeys(legKeys))],
    sign: async (signer) => encodeSignedLegKeys(await signLegKeys(native, signer, legKeys, next.public)),
    verify: async (signer, signed) => verifyLegKeys(native, signer.public, decodeSignedLegKeys(signed)),
  },
  {
    name: 'offer',
    recordBytes: 153,
    frameBytes: 153 + 64 + 2420,
    record: offer,
    bytes: encodeOffer(offer),
    decode: decodeOffer,
    digests: [offerDigest(offer), offerDigest(encodeOffer(offer))],
    sign: async (signer) => encodeSignedOffer(await signOffer(native, signer, offer)),
    verify: async (signer, signed) => verifyOffer(native, signer.public, decodeSignedOffer(signed)),
  },
  {
    name: 'cut',
    recordBytes: 165,
    frameBytes: 165 + 64 + 2420,
    record: cut,
    bytes: encodeCut(cut),
    decode: decodeCut,
    digests: [cutDigest(cut), cutDigest(encodeCut(cut))],
    sign: async (signer) => encodeSignedCut(await signCut(native, signer, cut)),
    verify: async (signer, signed) => verifyCut(native, signer.public, decodeSignedCut(signed)),
  },
  {
    name: 'seal',
    recordBytes: 101,
    frameBytes: 101 + 7856,
    record: seal,
    bytes: encodeSeal(seal),
    decode: decodeSeal,
    digests: [sealDigest(seal), sealDigest(encodeSeal(seal))],
    sign: async (signer) => encodeSignedSeal(await signSeal(native, signer, seal)),
    verify: async (signer, signed) => verifySeal(native, signer.public, decodeSignedSeal(signed)),
  },
  {
    name: 'receipt',
    recordBytes: 75,
    frameBytes: 75 + 2420,
    record: receipt,
    bytes: encodeReceipt(receipt),
    decode: decodeReceipt,
    digests: [receiptDigest(receipt), receiptDigest(encodeReceipt(receipt))],
    sign: async (signer) => encodeSignedReceipt(await signReceipt(native, signer, receipt)),
    verify: async (signer, signed) => verifyReceipt(native, signer.public, decodeSignedReceipt(signed)),
  },
]

describe.each(cases)('$name', (record) => {
  let signed: Uint8Array

  beforeAll(async () => {
    signed = await record.sign(keys)
  })

  it('has the sizes of docs/formats.md', () => {
    expect(record.bytes.length).toBe(record.recordBytes)
    expect(signed.length).toBe(record.frameBytes)
  })

  it('comes back as it was written, and has one digest', () => {
    expect(record.decode(record.bytes)).toEqual(record.record)
    expect(record.digests[0]).toEqual(record.digests[1])
  })

  it('verifies under its signer, and under no other', async () => {
    await record.verify(keys, signed)
    await expect(record.verify(stranger, signed)).rejects.toThrow('does not hold under the expected key')
  })

  it('is refused with any byte of record or P-256 signature altered, and anywhere in the others', async () => {
    const exhaustive = Math.min(signed.length, record.recordBytes + 64)
    for (let offset = 0; offset < signed.length; offset += offset < exhaustive ? 1 : 131)
      await expect(verifyAltered(record, signed, offset), `byte ${offset}`).rejects.toMatchObject({
        name: 'Refusal',
      })
  })

  it('of another suite is refused before any signature is checked', async () => {
    await expect(verifyAltered(record, signed, 0)).rejects.toMatchObject({ code: `${record.name}.suite` })
  })

  it('with a chain id above 2^53 - 1 is refused', async () => {
    await expect(verifyAltered(record, signed, 1)).rejects.toMatchObject({ code: `${record.name}.field` })
  })

  it('cut short or prolonged is refused, as record and as frame', async () => {
    for (const wrong of [signed.subarray(1), new Uint8Array(0), new Uint8Array(signed.length + 1)]) {
      await expect(record.verify(keys, wrong)).rejects.toMatchObject({ code: `${record.name}.length` })
      expect(() => parseFrame(encodeFrame(record.name, wrong))).toThrow(
        expect.objectContaining({ code: 'frame.length' }),
      )
    }
    expect(() => record.decode(record.bytes.subarray(1))).toThrow(
      expect.objectContaining({ code: `${record.name}.length` }),
    )
  })

  it('travels in a frame', () => {
    const frame = parseFrame(encodeFrame(record.name, signed))
    expect(frame.kind).toBe(record.name)
    expect(frame.bytes).toEqual(signed)
    expect('signed' in frame && frame.signed.record).toEqual(record.record)
  })
})

describe('leg keys', () => {
  let signed: SignedLegKeys
  let other: SignedLegKeys

  beforeAll(async () => {
    signed = await signLegKeys(native, keys, legKeys, next.public)
    other = await signLegKeys(native, stranger, legKeys, next.public)
  })

  it('give the public keys of the new leg', async () => {
    expect(
      await verifyLegKeys(native, keys.public, decodeSignedLegKeys(encodeSignedLegKeys(signed))),
    ).toEqual(next.public)
  })

  it('beside an ML-DSA key that is not theirs are refused', async () => {
    const altered = { ...signed, mlDsaKey: stranger.public.mlDsa }
    await expect(verifyLegKeys(native, keys.public, altered)).rejects.toMatchObject({
      code: 'legKeys.mlDsaKey',
    })
    const mismatch = signLegKeys(native, keys, legKeys, stranger.public)
    await expect(mismatch).rejects.toMatchObject({ code: 'legKeys.mlDsaKey' })
  })

  it('need every algorithm: one wrong signature of three is refused by its name', async () => {
    for (const algorithm of ['p256', 'mlDsa', 'slhDsa'] as const)
      await expect(
        verifyLegKeys(native, keys.public, { ...signed, [algorithm]: other[algorithm] }),
      ).rejects.toMatchObject({ code: `legKeys.signature.${algorithm}` })
  })

  it('with the other s are refused as highS', async () => {
    const altered = { ...signed, p256: withOtherS(signed.p256) }
    await expect(verifyLegKeys(native, keys.public, altered)).rejects.toMatchObject({
      code: 'legKeys.signature.highS',
    })
  })
})

describe('digests', () => {
  it('of the same bytes differ from structure to structure', () => {
    const bytes = filled(9, 101)
    const digests = [legKeysDigest, offerDigest, cutDigest, sealDigest, receiptDigest].map((digest) =>
      toHex(digest(bytes)),
    )
    expect(new Set(digests).size).toBe(digests.length)
  })

  it('of two devices differ, and name them with 64 hex digits', () => {
    expect(deviceId(keys.public)).toMatch(/^[0-9a-f]{64}$/)
    expect(deviceId(keys.public)).not.toBe(deviceId(next.public))
  })
})

describe('a receipt', () => {
  it('for a record has no seqs, and for envelopes does not run backwards', () => {
    expect(decodeReceipt(encodeReceipt({ ...receipt, kind: 'record', fromSeq: 0, seq: 0 })).kind).toBe(
      'record',
    )
    for (const wrong of [
      { ...receipt, kind: 'record' as const },
      { ...receipt, fromSeq: 11 },
    ])
      expect(() => encodeReceipt(wrong)).toThrow(expect.objectContaining({ code: 'receipt.field' }))
  })

  it('of an unknown kind or status is refused', () => {
    for (const offset of [33, 34]) {
      for (const value of [0, 3]) {
        const bytes = encodeReceipt(receipt)
        bytes[offset] = value
        expect(() => decodeReceipt(bytes)).toThrow(expect.objectContaining({ code: 'receipt.field' }))
      }
    }
  })
})

describe('an accept', () => {
  const signed = acceptOf(filled(8, 32))

  it('comes back as it was written, with the largest amounts there are', () => {
    const record: Accept = { ...signed.record, amount: 2n ** 256n - 1n, penaltyMax: 0n }
    expect(encodeAccept(record).length).toBe(180)
    expect(decodeAccept(encodeAccept(record))).toEqual(record)
    const whole = encodeSignedAccept(signed)
    expect(whole.length).toBe(180 + 65 + 2420 + 7856)
    expect(decodeSignedAccept(whole)).toEqual(signed)
    expect(parseFrame(encodeFrame('accept', whole))).toMatchObject({ kind: 'accept', signed })
  })

  it('with an amount that is no uint256 is not written', () => {
    for (const amount of [-1n, 2n ** 256n])
      expect(() => encodeAccept({ ...signed.record, amount })).toThrow(
        expect.objectContaining({ code: 'accept.field' }),
      )
  })
})

describe('an accept under a delegation', () => {
  const plain = acceptOf(filled(8, 32))
  const delegation = delegationOf(plain, keys.public)
  const signed = { ...plain, delegation }
  const whole = encodeSignedAccept(signed)

  it('is the plain accept followed by the signed delegation, and its length tells which it is', () => {
    expect(encodeDelegation(delegation.record).length).toBe(1424)
    expect(whole.length).toBe(10521 + 11765)
    expect(whole.subarray(0, 10521)).toEqual(encodeSignedAccept(plain))
    expect(whole.subarray(10521)).toEqual(encodeSignedDelegation(delegation))
    expect(decodeSignedAccept(whole)).toEqual(signed)
    expect(decodeSignedAccept(whole.subarray(0, 10521))).toEqual(plain)
    expect(parseFrame(encodeFrame('accept', whole))).toMatchObject({ kind: 'accept', signed })
  })

  it('of any other length is malformed', () => {
    for (const length of [10520, 10522, 10521 + 11764])
      expect(() => decodeSignedAccept(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'accept.length' }),
      )
    expect(() => decodeSignedDelegation(whole.subarray(10522))).toThrow(
      expect.objectContaining({ code: 'delegation.length' }),
    )
  })

  it('may be for all agreements, up to the last millisecond there is', () => {
    const record = { ...delegation.record, scope: ALL_AGREEMENTS, notAfterMs: Number.MAX_SAFE_INTEGER }
    expect(decodeSignedDelegation(encodeSignedDelegation({ ...delegation, record })).record).toEqual(record)
    expect(() => encodeDelegation({ ...record, notAfterMs: 0.5 })).toThrow(
      expect.objectContaining({ code: 'delegation.field' }),
    )
  })

  it("names both of the delegate's keys by one hash", () => {
    const { mlDsaKey, slhDsaKey } = delegation.record
    const hash = toHex(pqKeyHash({ mlDsaKey, slhDsaKey }))
    expect(toHex(pqKeyHash({ mlDsaKey: next.public.mlDsa, slhDsaKey }))).not.toBe(hash)
    expect(toHex(pqKeyHash({ mlDsaKey, slhDsaKey: next.public.slhDsa }))).not.toBe(hash)
  })
})

function verifyAltered(record: RecordCase, signed: Uint8Array, offset: number): Promise<unknown> {
  const altered = signed.slice()
  altered[offset] = (altered[offset] as number) ^ 0x20
  return record.verify(keys, altered)
}
