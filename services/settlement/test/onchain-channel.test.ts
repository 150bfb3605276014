import { deployConsign, openTxJournal, publicClient, settlementTokenAbi, walletClient } from '@consign/chain'
import { memoryEventLog } from '@consign/eventlog/testing'
import {
  type Client,
  createTestClient,
  type Hex,
  http,
  numberToHex,
  parseEther,
  sha256,
  stringToHex,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { readContract, waitForTransactionReceipt, writeContract } from 'viem/actions'
import { expect, it } from 'vitest'
import { developer, startAnvil } from '../../../contracts/script/anvil.ts'
import { coverOrganisation } from '../../../contracts/script/organisation.ts'
import { onchainChannel } from '../src/adapters/onchain-channel.ts'
import { type PaymentChannelFixture, paymentChannelContract } from './payment-channel-contract.ts'

const PAY_MS_MAX = 1500
const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`

paymentChannelContract('onchain', openFixture)

it('pays again, once, when a transfer reverted in its block', async () => {
  const fixture = await openFixture()
  try {
    await fixture.fund(100n)
    const order = {
      agreement: AGREEMENT,
      paymentId: `0x${'01'.repeat(32)}`,
      to: `0x${'b1'.repeat(20)}`,
      amount: 60n,
    } as const
    await fixture.stall()
    expect((await fixture.channel.pay(order)).status).toBe('unknown')
    // Gone between simulation and block.
    await fixture.setBalance(0n)
    await fixture.resume()
    while ((await fixture.channel.pay(order)).status !== 'refused');
    await fixture.setBalance(100n)
    while ((await fixture.channel.pay(order)).status !== 'paid');
    await fixture.channel.pay(order)
    expect(await fixture.received(order.to)).toBe(60n)
  } finally {
    await fixture.close()
  }
})

// anvil's own method: writes the balance without a transaction.
async function dealTokens(client: Client, params: [wallet: Hex, token: Hex, amount: Hex]): Promise<void> {
  const method = 'anvil_dealERC20' as unknown as 'eth_call'
  await client.request({ method, params: params as unknown as [{ to: Hex }] })
}

async function openFixture(): Promise<PaymentChannelFixture & { setBalance(amount: bigint): Promise<void> }> {
  const anvil = await startAnvil()
  const client = publicClient(anvil.url)
  const test = createTestClient({ mode: 'anvil', transport: http(anvil.url) })
  const deployment = await deployConsign({ client, account: developer })
  await coverOrganisation(walletClient(anvil.url, developer), deployment, developer)
  const { token } = deployment
  const account = privateKeyToAccount(generatePrivateKey())
  await test.setBalance({ address: account.address, value: parseEther('1') })
  const log = memoryEventLog()
  let stop = new AbortController()
  let running: Promise<void> = Promise.resolve()

  const open = async () => {
    stop = new AbortController()
    const options = { log, account, client, abi: settlementTokenAbi, finality: 'mined', pollMs: 20 } as const
    const journal = await openTxJournal(options)
    running = journal.run(stop.signal)
    return onchainChannel({ journal, client, token, payMsMax: PAY_MS_MAX, signal: stop.signal })
  }
  const end = async () => {
    stop.abort()
    await running
  }
  const tokens = { address: token, abi: settlementTokenAbi } as const
  const balanceOf = (wallet: Hex) =>
    readContract(client, { ...tokens, functionName: 'balanceOf', args: [wallet] })
  const transfer = async (...args: [Hex, bigint]) => {
    const call = { ...tokens, account: developer, chain: null, functionName: 'transfer', args } as const
    await waitForTransactionReceipt(client, { hash: await writeContract(client, call) })
  }
  return {
    channel: await open(),
    evidence: 'txHash',
    wallet: async (name) => `0x${sha256(stringToHex(name)).slice(-40)}`,
    fund: (amount) => transfer(account.address, amount),
    received: balanceOf,
    setBalance: (amount) => dealTokens(client, [account.address, token, numberToHex(amount)]),
    stall: () => test.setAutomine(false),
    resume: async () => {
      await test.mine({ blocks: 1 })
      await test.setAutomine(true)
    },
    restart: async () => {
      await end()
      return open()
    },
    close: async () => {
      await end()
      await anvil.stop()
    },
  }
}
