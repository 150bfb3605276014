import {
  agreementAbi,
  agreementFactoryAbi,
  anchorLogAbi,
  collateralEscrowAbi,
  partyRegistryAbi,
  postedPriceFeedAbi,
  settlementTokenAbi,
} from '@consign/chain'
import { describe, expect, it } from 'vitest'
import { REASONS, reasonOf } from './reasons.ts'

/** Errors of the project's own contracts and libraries; those of OpenZeppelin that a person can meet have reasons too. */
const OWN =
  /^(Agreement|CollateralEscrow|SettlementToken|PostedPriceFeed|PartyRegistry|AnchorLog|Clause|Delegation|Envelope|Sha256)/

const all = [
  ...agreementAbi,
  ...agreementFactoryAbi,
  ...anchorLogAbi,
  ...collateralEscrowAbi,
  ...partyRegistryAbi,
  ...postedPriceFeedAbi,
  ...settlementTokenAbi,
]
const errors = all.filter(
  (entry): entry is Extract<typeof entry, { type: 'error' }> => entry.type === 'error',
)
const own = [
  ...new Map(errors.filter(({ name }) => OWN.test(name)).map((error) => [error.name, error])).values(),
]

const sampleOf = (type: string): unknown => {
  if (type === 'address') return `0x${'ab'.repeat(20)}`
  if (type === 'bytes32') return `0x${'cd'.repeat(32)}`
  const bits = Number(/^u?int(\d+)$/.exec(type)?.[1])
  return bits > 48 ? 1_700_000_000n : 1
}

describe('a refusal of the contracts', () => {
  it.each(own.map((error) => [error.name, error] as const))('%s is said in plain English', (name, error) => {
    const line = reasonOf(
      name,
      error,
      error.inputs.map(({ type }) => sampleOf(type)),
    )
    expect(line).not.toContain('the contract refused:')
    expect(line).not.toMatch(/undefined|NaN|Invalid/)
    expect(line).not.toContain('\n')
  })

  it('has no reason that nothing gives', () => {
    const known = new Set<string>(errors.map(({ name }) => name))
    expect(Object.keys(REASONS).filter((name) => !known.has(name))).toEqual([])
  })

  it('that is not known here is shown as it is', () => {
    const item = { type: 'error', name: 'Odd', inputs: [{ name: 'x', type: 'uint256' }] } as const
    expect(reasonOf('Odd', item, [7n])).toBe('the contract refused: Odd(7)')
  })
})
