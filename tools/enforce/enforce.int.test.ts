import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { agreementAbi } from '@consign/chain'
import { caseId, parseTokens } from '@consign/terms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, type Rehearsal, rehearse } from './rehearsal.ts'

const UPHELD = 3
const SETTLED = 3
const ISSUED = parseTokens('10000')

let rehearsal: Rehearsal
let outcome: Outcome
beforeAll(async () => {
  rehearsal = await rehearse()
}, 180_000)
afterAll(() => rehearsal?.end())

/** A copy of the folder in which one byte of a frame is another. */
function tamper(frame: string, at: number): string {
  const copy = `${rehearsal.folder}-tampered-${frame}-${at}`
  cpSync(rehearsal.folder, copy, { recursive: true })
  const file = join(copy, 'frames', `${frame}.frame`)
  const bytes = readFileSync(file)
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
  return copy
}

describe('a party alone with its files and the chain', () => {
  // Header, seed, readings, both signatures.
  it.each([20, 150, 170, 200, 300])(
    'stops with one line when byte %i of an envelope was tampered with',
    async (at) => {
      const { exitCode, errors, lines } = await rehearsal.enforce(
        ['supplier'],
        undefined,
        tamper('leg-1-envelope-000001', at),
      )
      expect(exitCode).toBe(1)
      expect(errors).toMatch(/^enforce: .+\n$/)
      expect(lines).toEqual([])
    },
  )

  // Of the acceptance its ML-DSA and SLH-DSA signatures; of the delegation behind it party, delegate, a key, scope, end and both signatures.
  it.each([250, 2700, 10525, 10550, 10600, 11915, 11945, 12100, 22000])(
    'stops with one line when byte %i of a driver’s acceptance was tampered with',
    async (at) => {
      const { exitCode, errors, lines } = await rehearsal.enforce(
        ['supplier'],
        undefined,
        tamper('leg-0-accept', at),
      )
      expect(exitCode).toBe(1)
      expect(errors).toMatch(/^enforce: frames: leg 0: its (acceptance|delegation) .+\n$/)
      expect(lines).toEqual([])
    },
  )

  it('says what is missing when nobody holds the guarantee', async () => {
    const { exitCode, errors } = await rehearsal.enforce(['supplier'])
    expect(exitCode).toBe(1)
    expect(errors).toBe(
      'enforce: fund: the guarantee of 125 tokens is not paid in, and none of the wallets here holds it\n',
    )
  })

  it('goes on from there to the last payment', async () => {
    outcome = await rehearsal.enforce(['supplier', 'shipper-x', 'factory'])
    expect(outcome.errors).toBe('')
    expect(outcome.exitCode).toBe(0)
    expect(outcome.lines.find((line) => line.startsWith('cut'))).toContain(
      'shipper-x takes over by a delegate',
    )
    const steps = [...new Set(outcome.lines.map((line) => line.split(' ')[0]))]
    expect(steps).toEqual([
      ...['fund', 'start', 'cut', 'prove', 'contest', 'answer'],
      ...['acknowledge', 'settle', 'claim', 'release'],
    ])
  }, 240_000)

  it('has proven both violations against a contest', async () => {
    const { agreement } = rehearsal.shipment
    const states = [
      { limitId: 1, startSeq: 1, startIndex: 1 },
      { limitId: 2, startSeq: 1, startIndex: 0 },
    ].map(async (start) => {
      const args = [caseId({ agreement, leg: 1, ...start })] as const
      const found = await rehearsal.client.readContract({
        address: agreement,
        abi: agreementAbi,
        functionName: 'caseOf',
        args,
      })
      return [found.state, found.penalty]
    })
    expect(await Promise.all(states)).toEqual([
      [UPHELD, parseTokens('16')], // 10 and 2 for each of 3 full degrees
      [UPHELD, parseTokens('10')], // 5 and 1 for each of 5 minutes
    ])
  })

  it('has settled, and paid each what it was owed', async () => {
    const { agreement } = rehearsal.shipment
    const phase = await rehearsal.client.readContract({
      address: agreement,
      abi: agreementAbi,
      functionName: 'phase',
    })
    expect(phase).toBe(SETTLED)
    expect(await rehearsal.tokensOf('supplier')).toBe(parseTokens('60')) // 200 + 10 awarded - 150 paid off chain
    expect(await rehearsal.tokensOf('shipper-x')).toBe(parseTokens('24')) // 50 - 26
    expect(await rehearsal.tokensOf('factory')).toBe(ISSUED - parseTokens('84'))
  })

  it('does nothing twice', async () => {
    const { exitCode, lines, errors } = await rehearsal.enforce(['supplier', 'shipper-x', 'factory'])
    expect([exitCode, lines, errors]).toEqual([0, [], ''])
  })

  it('imports nothing but viem and what Node brings along', () => {
    const files = [
      'enforce',
      'authenticity',
      'chain',
      'disclosures',
      'folder',
      'formats',
      'signatures',
      'steps',
      'terms',
      'violations',
    ]
    const imported = files.flatMap((file) => {
      const source = readFileSync(new URL(`${file}.ts`, import.meta.url), 'utf8')
      return [...source.matchAll(/from '([^']+)'/g)].map(([, from]) => from!)
    })
    const own = files.map((file) => `./${file}.ts`)
    expect(imported.filter((from) => !own.includes(from) && !/^(viem(\/|$)|node:)/.test(from))).toEqual([])
  })
})
