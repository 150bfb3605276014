// A chain on which every transaction is measured: a fresh anvil at a fixed time, the contracts, and an organisation whose escrow covers its agreements.
import { type Deployment, deployConsign, type WalletClient, walletClient } from '@consign/chain'
import { createTestClient, type Hex, http, type LocalAccount, size } from 'viem'
import { developer, startAnvil } from './anvil.ts'
import { coverOrganisation } from './organisation.ts'

/** What a transaction does. `target`: the most gas that it is meant to cost; `missed`: why it costs more. */
export type GasCase = { call: string; what: string; target?: bigint; missed?: string }

/** One transaction: gas in whole, its calldata in bytes. */
export type GasRow = GasCase & { calldataBytes: number; gas: bigint }

export type Transaction = { to: Hex; data: Hex; value?: bigint; from?: LocalAccount }

export type Meter = {
  client: WalletClient
  deployment: Deployment
  rows: GasRow[]
  /** Sends and notes what it cost. Throws when it is reverted. */
  measure(what: GasCase, transaction: Transaction): Promise<void>
  /** Sends what the table does not show. */
  send(transaction: Transaction): Promise<bigint>
  /** Undoes on the chain what was measured, and keeps its rows. */
  aside(measurements: () => Promise<void>): Promise<void>
  /** Lets time pass on the chain. */
  travel(seconds: number): Promise<void>
}

/** Runs `measurements` on a chain of their own. `organisation` pays the agreements. */
export async function withMeter(
  organisation: LocalAccount,
  measurements: (meter: Meter) => Promise<void>,
): Promise<GasRow[]> {
  const anvil = await startAnvil(['--timestamp', String(BEGAN_S)])
  try {
    const client = walletClient(anvil.url, developer)
    const test = createTestClient({ mode: 'anvil', transport: http(anvil.url) })
    const deployment = await deployConsign({ client, account: developer, organisation: organisation.address })
    await coverOrganisation(client, deployment, organisation)
    // What is written with the time costs less when it is written again in the same second: so no two blocks are of one.
    await test.setBlockTimestampInterval({ interval: 1 })
    const rows: GasRow[] = []
    const send = async ({ from, ...transaction }: Transaction) => {
      const sender = from ? { account: from } : {}
      const hash = await client.sendTransaction({ ...transaction, ...sender, gas: GAS_MAX, chain: null })
      const { status, gasUsed } = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
      if (status !== 'success') throw new Error(`${hash} was reverted`)
      return gasUsed
    }
    await measurements({
      client,
      deployment,
      rows,
      send,
      async measure(what, transaction) {
        const gas = await send(transaction).catch((cause) => {
          throw new Error(`${what.call}, ${what.what}: not accepted`, { cause })
        })
        rows.push({ ...what, calldataBytes: size(transaction.data), gas })
      },
      async aside(work) {
        const id = await test.snapshot()
        await work()
        await test.revert({ id })
      },
      async travel(seconds) {
        const { timestamp } = await client.getBlock()
        await test.setNextBlockTimestamp({ timestamp: timestamp + BigInt(Math.ceil(seconds)) })
        await test.mine({ blocks: 1 })
      },
    })
    return rows
  } finally {
    await anvil.stop()
  }
}

/** EIP-7825: no transaction takes more. What is measured is what was used. */
const GAS_MAX = 16_777_216n

/** The day after the sample terms. */
const BEGAN_S = Date.UTC(2026, 10, 2) / 1000
