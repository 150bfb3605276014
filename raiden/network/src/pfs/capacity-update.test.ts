import type { Address } from 'viem'
import { expect, it } from 'vitest'
import { readCapacityUpdate } from './capacity-update.ts'
import { SIGNED_UPDATE } from './capacity-update-fixture.ts'

const sender = SIGNED_UPDATE.updating_participant.toLowerCase() as Address
const from = { chainId: 31337, sender }

it('takes what the SDK signs', async () => {
  const update = await readCapacityUpdate(JSON.stringify(SIGNED_UPDATE), from)
  expect(update).toMatchObject({ updating_capacity: 900_000_000_000_000_000_000n, other_capacity: 100n })
})

it.each([
  ['a capacity that was not signed', { updating_capacity: '900000000000000000001' }],
  ['a nonce that was not signed', { updating_nonce: '6' }],
  ['a signature of nobody', { signature: `0x${'00'.repeat(65)}` }],
  ['an amount of more than 256 bits', { updating_capacity: (1n << 256n).toString() }],
  ['a channel with oneself', { other_participant: SIGNED_UPDATE.updating_participant }],
  ['another message', { type: 'PFSFeeUpdate' }],
])('does not take %s', async (_what, change) => {
  expect(await readCapacityUpdate(JSON.stringify({ ...SIGNED_UPDATE, ...change }), from)).toBeUndefined()
})

it('does not take what another sends, what is of another chain, and what is no message', async () => {
  const text = JSON.stringify(SIGNED_UPDATE)
  const other = SIGNED_UPDATE.other_participant.toLowerCase() as Address
  expect(await readCapacityUpdate(text, { ...from, sender: other })).toBeUndefined()
  expect(await readCapacityUpdate(text, { ...from, chainId: 1 })).toBeUndefined()
  expect(await readCapacityUpdate('{"type":', from)).toBeUndefined()
})
