// Measures the gas of every call, whole transactions on a fresh anvil, and writes contracts/GAS.md. The shipment comes from fixed seeds, so
// that every run gives the same numbers. `node contracts/script/gas.ts` writes; with --check it only compares, and exits 1 when the table is stale.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  agreementAbi,
  agreementFactoryAbi,
  anchorLogAbi,
  createArguments,
  cutArguments,
  type Deployment,
  deployConsign,
  isProvable,
  settlementTokenAbi,
  startArguments,
  violationCalls,
  walletClient,
} from '@consign/chain'
import { limits } from '@consign/terms'
import { encodeFunctionData, type Hex, keccak256, numberToHex, size } from 'viem'
import { developer, startAnvil } from './anvil.ts'
import { CONTRACTS } from './foundry.ts'
import { addEnvelope, firstLeg, handOver, makeShipment, type Rows } from './shipment.ts'

const GAS_FILE = join(CONTRACTS, 'GAS.md')
const READINGS = 32

/** One transaction: gas in whole, its calldata in bytes, and the most that it is meant to cost. */
export type GasRow = { call: string; what: string; calldataBytes: number; gas: bigint; target?: bigint }

type Send = (row: Pick<GasRow, 'call' | 'what'> & { target?: bigint }, to: Hex, data: Hex) => Promise<void>

/** Every row of the table, measured now. */
export async function measureGas(): Promise<GasRow[]> {
  const anvil = await startAnvil()
  try {
    const client = walletClient(anvil.url, developer)
    const rows: GasRow[] = []
    const send: Send = async (row, to, data) => {
      const hash = await client.sendTransaction({ to, data, chain: null })
      const { status, gasUsed } = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
      if (status !== 'success') throw new Error(`${row.call} was reverted`)
      rows.push({ ...row, calldataBytes: size(data), gas: gasUsed })
    }
    const deployment = await deployConsign({ client, account: developer })
    await measureAnchors(send, deployment)
    await measureShipment(send, deployment)
    await measureToken(send, deployment)
    return rows
  } finally {
    await anvil.stop()
  }
}

async function measureAnchors(send: Send, { anchorLog }: Deployment): Promise<void> {
  const anchor = (seq: number) =>
    encodeFunctionData({
      abi: anchorLogAbi,
      functionName: 'anchor',
      args: [BigInt(seq), keccak256(numberToHex(seq)), BigInt(1_000_000 + seq)],
    })
  await send({ call: 'AnchorLog.anchor', what: 'first of a writer' }, anchorLog, anchor(0))
  await send({ call: 'AnchorLog.anchor', what: 'each further one', target: 52_000n }, anchorLog, anchor(1))
}

async function measureShipment(send: Send, deployment: Deployment): Promise<void> {
  const shipment = await makeShipment(deployment)
  const { terms, agreement } = shipment
  const clauses = `terms of ${terms.clauses.length} clauses`
  const create = encodeFunctionData({
    abi: agreementFactoryAbi,
    functionName: 'create',
    args: createArguments({
      terms,
      payerSignature: shipment.payerSignature.ecdsa,
      payeeSignature: shipment.payeeSignature.ecdsa,
    }),
  })
  await send(
    { call: 'AgreementFactory.create', what: 'both signatures', target: 130_000n },
    deployment.factory,
    create,
  )

  const leg = await firstLeg(shipment)
  const start = encodeFunctionData({
    abi: agreementAbi,
    functionName: 'start',
    args: startArguments({ terms, keys: leg.signedKeys }),
  })
  await send({ call: 'Agreement.start', what: clauses }, agreement, start)

  await addEnvelope(
    leg,
    rows(() => 20_000),
  )
  const handover = await handOver(shipment, leg, carrierOf(shipment))
  const cut = encodeFunctionData({
    abi: agreementAbi,
    functionName: 'recordCut',
    args: cutArguments({ terms, keys: leg.signedKeys, ...handover }),
  })
  await send({ call: 'Agreement.recordCut', what: clauses, target: 110_000n }, agreement, cut)

  const { next } = handover
  await addEnvelope(
    next,
    rows((index) => (index === READINGS - 1 ? 41_000 : 30_000)),
  )
  await addEnvelope(
    next,
    rows(() => 30_000),
  )
  await addEnvelope(
    next,
    rows(() => undefined),
  )
  await addEnvelope(
    next,
    rows((index) => (index === READINGS - 1 ? 41_000 : undefined)),
  )
  const [limit] = limits(terms)
  if (!limit || !isProvable(limit)) throw new Error('the sample terms have no limit')
  const prove = (run: Uint8Array[], seq: number) => {
    const start = { seq, index: READINGS - 1 }
    const [call] = violationCalls({ terms, limit, keys: next.signedKeys, run, start })
    if (!call) throw new Error('there is nothing to prove')
    return encodeFunctionData({ abi: agreementAbi, ...call })
  }
  await send(
    {
      call: 'Agreement.proveViolation',
      what: `one envelope of ${READINGS} readings, 5 metrics`,
      target: 180_000n,
    },
    agreement,
    prove(next.wires.slice(0, 1), 0),
  )
  await send(
    { call: 'Agreement.proveViolation', what: `three envelopes, ${2 * READINGS - 1} missing values between` },
    agreement,
    prove(next.wires.slice(1), 3),
  )
}

async function measureToken(send: Send, { token }: Deployment): Promise<void> {
  const to = `0x${'ab'.repeat(20)}` as const
  const mint = {
    abi: settlementTokenAbi,
    functionName: 'mint',
    args: [developer.address, 10n ** 21n],
  } as const
  const transfer = { abi: settlementTokenAbi, functionName: 'transfer', args: [to, 10n ** 19n] } as const
  await send({ call: 'SettlementToken.mint', what: 'first of all' }, token, encodeFunctionData(mint))
  await send(
    { call: 'SettlementToken.transfer', what: 'to a new holder' },
    token,
    encodeFunctionData(transfer),
  )
}

function carrierOf(shipment: Awaited<ReturnType<typeof makeShipment>>) {
  const carrier = shipment.parties['shipper-x']
  if (!carrier) throw new Error('the sample terms have no shipper-x')
  return carrier
}

// Five metrics, as a container reports them; a temperature of undefined was not measured.
function rows(temperatureMilliC: (index: number) => number | undefined): Rows {
  return Array.from({ length: READINGS }, (_, index) => {
    const temperature = temperatureMilliC(index)
    const others = { humidity: 45_000, gforce: 1000, door: 0, light: 20 }
    return temperature === undefined ? others : { temperature, ...others }
  })
}

/** GAS.md as it should be for these rows. */
export function gasTable(measured: GasRow[]): string {
  const cells = measured.map(({ call, what, calldataBytes, gas, target }) => [
    `\`${call}\``,
    what,
    String(calldataBytes),
    grouped(gas),
    target ? grouped(target) : '',
  ])
  return `# Gas

Whole transactions on anvil (osaka), solc 0.8.37, optimised by way of Yul. Generated by \`node contracts/script/gas.ts\` from a shipment of
fixed seeds; do not edit. Each further level of the terms' Merkle tree (a doubling of the clauses) adds about 850 to whatever discloses a
clause; a chain without the P-256 precompile adds about 230,000 to \`start\`, \`recordCut\` and \`proveViolation\`.

${markdownTable(['call', '', 'calldata bytes', 'gas', 'target'], cells)}
`
}

// Padded as the formatter pads it; columns from the third on are numbers.
function markdownTable(head: string[], body: string[][]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...body.map((row) => (row[column] ?? '').length)),
  )
  const isNumber = (column: number) => column >= 2
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) =>
    isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)].join('\n')
}

/** The table in the repository. */
export function committedGasTable(): Promise<string> {
  return readFile(GAS_FILE, 'utf8').catch(() => '')
}

function grouped(value: bigint): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

async function main(check: boolean): Promise<void> {
  const table = gasTable(await measureGas())
  if (!check) return await writeFile(GAS_FILE, table)
  if ((await committedGasTable()) === table) return
  console.error('contracts/GAS.md is stale; run `node contracts/script/gas.ts`')
  process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await main(process.argv.includes('--check'))
