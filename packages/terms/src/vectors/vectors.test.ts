import { readFileSync } from 'node:fs'
import { native, pqKeyHash } from '@consign/envelope'
import { verifyInclusion } from '@consign/merkle'
import { bytesToHex, concatHex, hexToBytes, numberToHex, sha256 } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyAccept, verifyDelegation } from '../acceptance.ts'
import { agreementAddress } from '../address.ts'
import { encodeClause } from '../clause-abi.ts'
import { UNLIMITED } from '../clause-fields.ts'
import { CLAUSE_KINDS, type Clause, type PartyClause } from '../clauses.ts'
import { caseId, clauseHash, discloseClause, termsHash } from '../hashing.ts'
import { parseTerms } from '../parse.ts'
import {
  verifyAcknowledgement,
  verifyAgreementSignature,
  verifyManualCut,
  verifyTenderRefusal,
} from '../signatures.ts'
import { sampleAgreement } from '../testing.ts'
import { delegationDigest } from '../typed-data.ts'
import { clauseByLimitId, partyByWallet, payee, payer } from '../views.ts'
import { buildVectors, type Vectors } from './build.ts'
import { exampleDrafts } from './examples.ts'

const published = <K extends keyof Vectors>(name: K): Vectors[K] =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8')) as Vectors[K]

describe('published vectors', () => {
  let fresh: Vectors
  beforeAll(async () => {
    fresh = await buildVectors(exampleDrafts())
  })

  it('are what the code gives today, up to hedged signatures', () => {
    expect(published('terms.json')).toEqual(fresh['terms.json'])
    expect(published('identities.json')).toEqual(fresh['identities.json'])
    expect(withoutHedged(published('signatures.json'))).toEqual(withoutHedged(fresh['signatures.json']))
  })

  it('hold proofs that verify, from tag, salt, kind and body alone', () => {
    for (const { clauses, termsHash } of published('terms.json').agreements) {
      for (const { kind, salt, body, clauseHash, index, size, proof } of clauses) {
        const tag = '0x636f6e7369676e2e636c617573650000' // "consign.clause" and two zeros
        expect(sha256(concatHex([tag, salt, numberToHex(kind, { size: 2 }), body]))).toBe(clauseHash)
        const leaf = hexToBytes(clauseHash)
        const nodes = proof.map((node) => hexToBytes(node))
        expect(verifyInclusion({ leaf, index, size, proof: nodes, root: hexToBytes(termsHash) })).toBe(true)
      }
    }
  })

  it('hold signatures that verify', async () => {
    const terms = parseTerms(published('terms.json').agreements[0]?.terms)
    const { agreement, accept } = published('signatures.json')
    await verifyAgreementSignature(native, payer(terms), agreement.domain, agreement.message, agreement.payer)
    await verifyAgreementSignature(native, payee(terms), agreement.domain, agreement.message, agreement.payee)
    const taker = partyByWallet(terms, accept.message.party)
    if (!taker) throw new Error('the taker is no party')
    const record = {
      ...accept.message,
      amount: BigInt(accept.message.amount),
      penaltyMax: BigInt(accept.message.penaltyMax),
    }
    const [ecdsa, mlDsa, slhDsa] = [accept.ecdsa, accept.mlDsa, accept.slhDsa].map((hex) => hexToBytes(hex))
    if (!ecdsa || !mlDsa || !slhDsa) throw new Error('a signature is missing')
    expect(await verifyAccept(native, taker, accept.domain, { record, ecdsa, mlDsa, slhDsa }, 0)).toBe(
      accept.digest,
    )
  })

  it('hold delegations that verify, for one agreement and for all', async () => {
    const terms = parseTerms(published('terms.json').agreements[0]?.terms)
    const { domain, keys, one, all } = published('signatures.json').delegation
    for (const { message, digest, ...signatures } of [one, all]) {
      const { party, delegate, scope, notAfterMs } = message
      const [mlDsaKey, slhDsaKey] = [hexToBytes(keys.mlDsaKey), hexToBytes(keys.slhDsaKey)]
      const record = { party, delegate, mlDsaKey, slhDsaKey, scope, notAfterMs }
      expect(bytesToHex(pqKeyHash(record))).toBe(message.pqKeyHash)
      expect(delegationDigest(domain.chainId, record)).toBe(digest)
      const [ecdsa, mlDsa, slhDsa] = [signatures.ecdsa, signatures.mlDsa, signatures.slhDsa].map((hex) =>
        hexToBytes(hex),
      ) as [Uint8Array, Uint8Array, Uint8Array]
      const signed = { record, ecdsa, mlDsa, slhDsa }
      const at = { termsHash: termsHash(terms), atMs: notAfterMs }
      const taker = partyByWallet(terms, party) as PartyClause
      await verifyDelegation(native, taker, domain.chainId, signed, at)
    }
  })

  it('hold signatures of manual cut, refusal and acknowledgement that verify', async () => {
    const terms = parseTerms(published('terms.json').agreements[0]?.terms)
    const { manualCut, tenderRefusal, acknowledgement } = published('signatures.json')
    const { message } = manualCut
    const cut = {
      ...message,
      timeMs: BigInt(message.timeMs),
      amount: BigInt(message.amount),
      penaltyMax: BigInt(message.penaltyMax),
    }
    const taker = partyByWallet(terms, cut.to) as PartyClause
    const digests = [
      await verifyManualCut(native, payee(terms), taker, manualCut.domain, cut, manualCut.from),
      await verifyManualCut(native, taker, taker, manualCut.domain, cut, manualCut.to),
    ]
    expect(digests).toEqual([manualCut.digest, manualCut.digest])
    const { domain, message: refusal } = tenderRefusal
    expect(await verifyTenderRefusal(native, payer(terms), domain, refusal, tenderRefusal.payer)).toBe(
      tenderRefusal.digest,
    )
    const acknowledged = {
      ...acknowledgement.message,
      cumulative: BigInt(acknowledgement.message.cumulative),
    }
    expect(
      await verifyAcknowledgement(
        native,
        payee(terms),
        acknowledgement.domain,
        acknowledged,
        acknowledgement.party,
      ),
    ).toBe(acknowledgement.digest)
  })

  it('hold SLH-DSA signatures for the registry that verify under the present key', async () => {
    const { registry } = published('signatures.json')
    for (const { digest, slhDsa } of [registry.rotation, registry.revocation]) {
      const key = hexToBytes(registry.present.slhDsaKey)
      expect(await native.slhDsaVerify(key, hexToBytes(digest), hexToBytes(slhDsa))).toBe(true)
    }
  })
})

describe('hashes', () => {
  const { terms } = sampleAgreement()

  it('change with every field of every clause', () => {
    const { terms } = sampleAgreement(exampleDrafts()['cold-chain'])
    expect(new Set(terms.clauses.map(({ kind }) => kind)).size).toBe(Object.keys(CLAUSE_KINDS).length)
    for (const clause of terms.clauses) {
      for (const field of Object.keys(clause).filter((name) => name !== 'kind' && name !== 'penalty')) {
        const altered = { ...clause, [field]: otherValue(clause, field) } as Clause
        expect(clauseHash(altered), `${clause.kind}.${field}`).not.toBe(clauseHash(clause))
      }
      if (!('penalty' in clause)) continue
      for (const field of Object.keys(clause.penalty)) {
        const penalty = { ...clause.penalty, [field]: otherValue(clause.penalty, field) }
        expect(clauseHash({ ...clause, penalty } as Clause), `${clause.kind}.penalty.${field}`).not.toBe(
          clauseHash(clause),
        )
      }
    }
  })

  it('are of bodies of a fixed number of words, penalties in place', () => {
    const words: Record<string, number> = {}
    for (const clause of sampleAgreement(exampleDrafts()['cold-chain']).terms.clauses) {
      words[clause.kind] = (encodeClause(clause).length - 2) / 64
    }
    expect(words).toMatchObject({
      'limit.instantaneous': 15,
      'limit.single': 15,
      'limit.cumulative': 15,
      'limit.meanKinetic': 15,
      'limit.geofence': 15,
      deadline: 10,
      milestone: 9,
      silence: 10,
      tamper: 7,
      tender: 5,
      channel: 2,
      windows: 9,
    })
  })

  it('write 0 for what does not apply to a kind', () => {
    const { terms } = sampleAgreement(exampleDrafts()['cold-chain'])
    const wordsOf = (limitId: number) => {
      const body = encodeClause(clauseByLimitId(terms, limitId) as Clause).slice(2)
      return [4, 5, 6, 7, 8].map((word) => Number(`0x${body.slice(64 * word, 64 * (word + 1))}`))
    }
    // durationMs, startUpMs, gapMsMax, between, scope
    expect(wordsOf(1)).toEqual([0, 1_800_000, 0, 0, 0])
    expect(wordsOf(3)).toEqual([1_800_000, 1_800_000, 1_800_000, 2, 0])
    expect(wordsOf(5)).toEqual([3_600_000, 1_800_000, 1_200_000, 1, 1])
    expect(wordsOf(7)).toEqual([36_000_000, 0, 1_800_000, 3, 2])
    expect(wordsOf(8)).toEqual([0, 1_800_000, 1_800_000, 0, 0])
  })

  it('pad the shipment right with zeros and keep negative bounds', () => {
    const [general, limit] = [terms.clauses[0], terms.clauses[6]] as [Clause, Clause]
    expect(encodeClause(general).slice(2 + 2 * 64, 2 + 2 * 96)).toBe(
      `${Buffer.from('340123450000000017').toString('hex')}${'00'.repeat(14)}`,
    )
    const frost = encodeClause({ ...limit, bound: -500 } as Clause)
    expect(BigInt.asIntN(256, BigInt(`0x${frost.slice(2 + 2 * 96, 2 + 2 * 128)}`))).toBe(-500n)
  })

  it('refuse to disclose a clause of other terms', () => {
    const [clause] = terms.clauses as [Clause]
    expect(() => discloseClause(terms, { ...clause, salt: `0x${'00'.repeat(32)}` })).toThrow(
      'no such general clause',
    )
  })

  it('give a case id of 32 bytes that changes with every part of where the excursion began', () => {
    const start = {
      agreement: `0x${'a9'.repeat(20)}`,
      leg: 1,
      limitId: 2,
      startSeq: 3,
      startIndex: 4,
    } as const
    const ids = [
      start,
      { ...start, agreement: `0x${'aa'.repeat(20)}` } as const,
      { ...start, leg: 2 },
      { ...start, limitId: 3 },
      { ...start, startSeq: 4 },
      { ...start, startIndex: 5 },
    ].map(caseId)
    expect(new Set(ids).size).toBe(6)
  })
})

it('gives the address at which OpenZeppelin 5.7 Clones deployed', () => {
  expect(
    agreementAddress({
      factory: '0x5fbdb2315678afecb367f032d93f642f64180aa3',
      implementation: `0x${'11'.repeat(20)}`,
      termsHash: `0x${'22'.repeat(32)}`,
      payer: `0x${'33'.repeat(20)}`,
      payee: `0x${'44'.repeat(20)}`,
    }),
  ).toBe('0x324bc25f63085252cfc3c52a0db860bd70c681af')
})

type Signatures = Vectors['signatures.json']
const HEDGED = new Set(['mlDsa', 'slhDsa'])
const withoutHedged = (signatures: Signatures): unknown =>
  JSON.parse(JSON.stringify(signatures, (key, value) => (HEDGED.has(key) ? '' : value)))

/** Another value of the same shape. */
function otherValue(of: object, field: string): unknown {
  const value = (of as Record<string, unknown>)[field]
  if (field === 'metric') return 'pressure'
  if (field === 'role') return value === 'carrier' ? 'payee' : 'carrier'
  if (field === 'side') return value === 'above' ? 'below' : 'above'
  if (field === 'keystore') return value === 'file' ? 'secureElement' : 'file'
  if (field === 'scope') return value === 'leg' ? 'shipment' : 'leg'
  if (field === 'rule') return value === 'stayInside' ? 'stayOutside' : 'stayInside'
  if (field === 'between') return value === 'hold' ? 'worstCase' : 'hold'
  if (field === 'shipment') return '376104250021234569'
  if (typeof value === 'number') return value + 1
  const text = String(value)
  if (text === UNLIMITED) return '1'
  if (/^[0-9]+$/.test(text)) return String(BigInt(text) + 1n)
  if (text.startsWith('0x')) return `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`
  return `${text}!`
}
