import { agreementAbi, anchorLogAbi, type Deployment, publicClient, settlementTokenAbi } from '@consign/chain'
import type { Hex } from 'viem'
import type { AnchorRow } from '../document.ts'

/** `penalty`: what the case costs by this proof, before caps. */
export type ProvenViolation = { caseId: Hex; penalty: bigint; txHash: Hex }
export type Transfer = { to: Hex; amount: bigint; txHash: Hex }
export type ChainLeg = { leg: number; custodian: Hex; n: number; ended: boolean }
export type ChainCut = { leg: number; n: number; cutDigest: Hex }

/** What the chain alone says about a shipment. */
export type ChainEvidence = {
  violations: ProvenViolation[]
  legs: ChainLeg[]
  cuts: ChainCut[]
  /** Each root with what the contract's storage holds for its number now. */
  anchors: (AnchorRow & { storedRoot: Hex })[]
  latestAnchorSize: number
  /** Every token transfer that left the payer, but for the guarantee. */
  transfers: Transfer[]
  /** What went into the agreement, and out of it again. */
  guarantee: { paidIn: bigint; paidOut: Transfer[] }
  /** How the agreement was settled: what each party is due, and what stays with the payer. Undefined while it is not. */
  settlement: { dues: Map<Hex, bigint>; refund: bigint } | undefined
}

export type ChainQuery = {
  rpcUrl: string
  agreement: Hex
  payer: Hex
  writer: Hex
  deployment: Deployment
  legs: number
}

const lower = (hex: Hex): Hex => hex.toLowerCase() as Hex

export async function readChain(query: ChainQuery): Promise<ChainEvidence> {
  const client = publicClient(query.rpcUrl)
  const all = { fromBlock: 0n, toBlock: 'latest', strict: true } as const
  const agreement = { address: query.agreement, abi: agreementAbi } as const
  const anchorLog = { address: query.deployment.anchorLog, abi: anchorLogAbi } as const
  const token = { address: query.deployment.token, abi: settlementTokenAbi, eventName: 'Transfer' } as const
  const [proven, cuts, anchored, sent, paidOut, latest, settlement] = await Promise.all([
    client.getContractEvents({ ...agreement, ...all, eventName: 'ViolationProven' }),
    client.getContractEvents({ ...agreement, ...all, eventName: 'CustodyTransferred' }),
    client.getContractEvents({ ...anchorLog, ...all, eventName: 'Anchored', args: { writer: query.writer } }),
    client.getContractEvents({ ...token, ...all, args: { from: query.payer } }),
    client.getContractEvents({ ...token, ...all, args: { from: query.agreement } }),
    client.readContract({ ...anchorLog, functionName: 'latest', args: [query.writer] }),
    readSettlement(client, query.agreement),
  ])
  const isGuarantee = (to: Hex) => lower(to) === query.agreement
  const legs = await Promise.all(
    Array.from({ length: query.legs }, async (_, leg) => {
      const { custodian, n, ended } = await client.readContract({
        ...agreement,
        functionName: 'legOf',
        args: [leg],
      })
      return { leg, custodian: lower(custodian), n, ended }
    }),
  )
  const anchors = await Promise.all(
    anchored.map(async ({ args: { seq, root, size }, transactionHash: txHash }) => {
      const [{ gasUsed }, storedRoot] = await Promise.all([
        client.getTransactionReceipt({ hash: txHash }),
        client.readContract({ ...anchorLog, functionName: 'root', args: [query.writer, seq] }),
      ])
      return { seq: Number(seq), root, size: Number(size), txHash, gas: Number(gasUsed), storedRoot }
    }),
  )
  return {
    violations: proven.map(({ args, transactionHash }) => ({
      caseId: args.caseId,
      penalty: args.penalty,
      txHash: transactionHash,
    })),
    legs,
    cuts: cuts.map(({ args: { leg, n, cutDigest } }) => ({ leg, n, cutDigest })),
    anchors,
    latestAnchorSize: Number(latest[1]),
    transfers: sent.filter(({ args }) => !isGuarantee(args.to)).map(transferOf),
    guarantee: {
      paidIn: sent.reduce((sum, { args }) => (isGuarantee(args.to) ? sum + args.value : sum), 0n),
      paidOut: paidOut.map(transferOf),
    },
    settlement,
  }
}

async function readSettlement(
  client: ReturnType<typeof publicClient>,
  address: Hex,
): Promise<ChainEvidence['settlement']> {
  const query = { address, abi: agreementAbi, fromBlock: 0n, toBlock: 'latest', strict: true } as const
  const [fixed, [settled]] = await Promise.all([
    client.getContractEvents({ ...query, eventName: 'PayoutFixed' }),
    client.getContractEvents({ ...query, eventName: 'Settled' }),
  ])
  if (settled === undefined) return undefined
  const dues = fixed.map(
    ({ args: { party, agreed, charged, awarded } }) => [lower(party), agreed - charged + awarded] as const,
  )
  return { dues: new Map(dues), refund: settled.args.refund }
}

function transferOf(log: { args: { to: Hex; value: bigint }; transactionHash: Hex }): Transfer {
  return { to: lower(log.args.to), amount: log.args.value, txHash: log.transactionHash }
}
