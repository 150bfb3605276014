import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from 'viem'
import { expect, it } from 'vitest'
import { openStore } from '../store.ts'
import { Capacities } from './capacities.ts'
import type { CapacityUpdate } from './capacity-update.ts'

const NETWORK: Address = '0x3333333333333333333333333333333333333333'
const [ORGANISATION, SUPPLIER] = ['0xa', '0xb'] as [Address, Address]

type Told = { by?: 'organisation' | 'supplier'; channel?: bigint; nonces?: [bigint, bigint] }

/** What one end says of the capacities [from it, to it]. */
function told(
  [own, others]: [bigint, bigint],
  { by = 'organisation', channel = 1n, nonces = [0n, 0n] }: Told = {},
) {
  const [me, partner] = by === 'organisation' ? [ORGANISATION, SUPPLIER] : [SUPPLIER, ORGANISATION]
  return {
    canonical_identifier: {
      chain_identifier: 31337n,
      token_network_address: NETWORK,
      channel_identifier: channel,
    },
    updating_participant: me,
    other_participant: partner,
    updating_nonce: nonces[0],
    other_nonce: nonces[1],
    updating_capacity: own,
    other_capacity: others,
  } as CapacityUpdate
}

const capacityOf = (capacities: Capacities, from: Address) =>
  capacities.edges(NETWORK).find((edge) => edge.from === from)?.capacity

it('takes the word of one end until the other speaks, then the smaller', () => {
  const capacities = new Capacities(openStore())
  capacities.update(told([100n, 7n]))
  expect([capacityOf(capacities, ORGANISATION), capacityOf(capacities, SUPPLIER)]).toEqual([100n, 7n])
  capacities.update(told([50n, 90n], { by: 'supplier' }))
  expect([capacityOf(capacities, ORGANISATION), capacityOf(capacities, SUPPLIER)]).toEqual([90n, 7n])
})

it('an older message does not replace a newer one', () => {
  const capacities = new Capacities(openStore())
  capacities.update(told([100n, 0n], { nonces: [5n, 2n] }))
  expect(capacities.update(told([900n, 0n], { nonces: [4n, 2n] }))).toBe(false)
  expect(capacities.update(told([900n, 0n], { nonces: [5n, 1n] }))).toBe(false)
  expect(capacityOf(capacities, ORGANISATION)).toBe(100n)
  expect(capacities.update(told([900n, 0n], { nonces: [5n, 2n] }))).toBe(true)
  expect(capacityOf(capacities, ORGANISATION)).toBe(900n)
})

it('a later channel of the same two replaces the earlier one, and never the other way', () => {
  const capacities = new Capacities(openStore())
  capacities.update(told([100n, 0n], { channel: 1n, nonces: [9n, 9n] }))
  capacities.update(told([30n, 0n], { channel: 2n }))
  expect(capacities.update(told([100n, 0n], { channel: 1n, nonces: [10n, 10n] }))).toBe(false)
  expect(capacityOf(capacities, ORGANISATION)).toBe(30n)
})

it('while one end still speaks of a channel that is closed, the word of the other counts', () => {
  const capacities = new Capacities(openStore())
  capacities.update(told([100n, 7n], { channel: 1n }))
  capacities.update(told([8n, 40n], { by: 'supplier', channel: 2n }))
  expect([capacityOf(capacities, ORGANISATION), capacityOf(capacities, SUPPLIER)]).toEqual([40n, 8n])
})

it('knows after a restart what it was told', () => {
  const dir = mkdtempSync(join(tmpdir(), 'consign-network-'))
  const store = openStore(dir)
  new Capacities(store).update(told([100n, 7n]))
  store.db.close()
  const again = openStore(dir)
  expect(capacityOf(new Capacities(again), ORGANISATION)).toBe(100n)
  again.db.close()
  rmSync(dir, { recursive: true })
})

it('knows a limited number of channels', () => {
  const capacities = new Capacities(openStore())
  const partner = (index: number) => ({ ...told([1n, 1n]), other_participant: `0x${index}` as Address })
  for (let index = 0; index < 4096; index++) expect(capacities.update(partner(index))).toBe(true)
  expect(capacities.update(partner(4096))).toBe(false)
  expect(capacities.update(partner(0))).toBe(true)
})
