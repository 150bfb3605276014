import { readFileSync } from 'node:fs'
import { native } from '@consign/envelope'
import { verifyInclusion } from '@consign/merkle'
import { concatHex, hexToBytes, numberToHex, sha256 } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { agreementAddress } from '../address.ts'
import { encodeClause } from '../clause-abi.ts'
import type { Clause } from '../clauses.ts'
import { caseId, clauseHash, discloseClause } from '../hashing.ts'
import { parseTerms } from '../parse.ts'
import { verifyAccept, verifyAgreementSignature } from '../signatures.ts'
import { sampleAgreement } from '../testing.ts'
import { partyByWallet, payee, payer } from '../views.ts'
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
    expect(await verifyAccept(native, taker, accept.domain, { record, ecdsa, mlDsa, slhDsa })).toBe(
      accept.digest,
    )
  })
})

describe('hashes', () => {
  const { terms } = sampleAgreement()

  it('change with every field of every clause', () => {
    const { terms } = sampleAgreement(exampleDrafts()['sc-b'])
    for (const clause of terms.clauses) {
      for (const field of Object.keys(clause).filter((name) => name !== 'kind')) {
        const altered = { ...clause, [field]: otherValue(clause, field) } as Clause
        expect(clauseHash(altered), `${clause.kind}.${field}`).not.toBe(clauseHash(clause))
      }
    }
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
const withoutHedged = ({ about, agreement, accept }: Signatures) => ({
  about,
  agreement: { ...agreement, payer: agreement.payer.ecdsa, payee: agreement.payee.ecdsa },
  accept: { ...accept, mlDsa: '', slhDsa: '' },
})

/** Another value of the same shape. */
function otherValue(clause: Clause, field: string): unknown {
  const value = (clause as unknown as Record<string, unknown>)[field]
  if (field === 'metric') return 'pressure'
  if (field === 'role') return value === 'carrier' ? 'payee' : 'carrier'
  if (field === 'side') return value === 'above' ? 'below' : 'above'
  if (field === 'keystore') return 'secureElement'
  if (field === 'shipment') return '376104250021234569'
  if (typeof value === 'number') return value + 1
  const text = String(value)
  if (/^[0-9]+$/.test(text)) return String(BigInt(text) + 1n)
  if (text.startsWith('0x')) return `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`
  return `${text}!`
}
