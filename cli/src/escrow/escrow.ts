import { collateralEscrowAbi, postedPriceFeedAbi, settlementTokenAbi } from '@consign/chain'
import { formatUnits, type Hex, parseUnits } from 'viem'
import { command, optional, type Report, required } from '../command.ts'
import type { Context } from '../context.ts'
import { organisationOf } from '../deployment.ts'
import { type Call, type ChainEvent, transact } from '../transact.ts'
import { address, ether, number, text, tokens } from '../values.ts'
import { etherWritten, secondsWritten, tokensWritten } from '../written.ts'

const ORGANISATION = optional(address, 'whose escrow, when the deployment has several')

export const deposit = command({
  name: 'escrow deposit',
  summary: 'Adds ether to the escrow. Anyone may.',
  example: 'consign escrow deposit --ether 10 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { ether: required(ether, 'how much'), organisation: ORGANISATION },
  run: async (context, { ether: valueWei, organisation }) => {
    const what = `${etherWritten(valueWei)} are deposited.`
    return send(context, organisation, { what, functionName: 'deposit', args: [], valueWei })
  },
})

export const issue = command({
  name: 'escrow issue',
  summary: 'Issues tokens at 1 USD against ether worth at least 150 %. Only the organisation.',
  example: 'consign escrow issue --tokens 1000 --ether 2 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: {
    tokens: required(tokens, 'how many'),
    to: optional(address, 'who gets them; the sender by default'),
    ether: optional(ether, 'ether to add in the same transaction'),
    organisation: ORGANISATION,
  },
  run: async (context, { tokens: amount, to, ether: valueWei = 0n, organisation }) => {
    const receiver = to ?? (await context.keys()).wallet.address
    const what = `${tokensWritten(amount)} are issued to ${receiver}.`
    return send(context, organisation, { what, functionName: 'issue', args: [receiver, amount], valueWei })
  },
})

export const withdraw = command({
  name: 'escrow withdraw',
  summary:
    'Takes back ether that is not needed to cover tokens and agreements with 150 %. Only the organisation.',
  example: 'consign escrow withdraw --ether 1 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: {
    ether: required(ether, 'how much'),
    to: optional(address, 'who gets it; the sender by default'),
    organisation: ORGANISATION,
  },
  run: async (context, { ether: amountWei, to, organisation }) => {
    const receiver = to ?? (await context.keys()).wallet.address
    const what = `${etherWritten(amountWei)} are withdrawn to ${receiver}.`
    return send(context, organisation, { what, functionName: 'withdraw', args: [receiver, amountWei] })
  },
})

export const redeem = command({
  name: 'escrow redeem',
  summary: 'Redeems tokens for ether: at once at a fresh price, else it queues for the next one.',
  details: 'Two transactions when the escrow may not take the tokens yet: the approval and the redemption.',
  example: 'consign escrow redeem --tokens 40 --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: { tokens: required(tokens, 'how many'), organisation: ORGANISATION },
  run: async (context, { tokens: amount, organisation }) => {
    const { client, contracts } = await context.chain()
    const { escrow, token } = organisationOf(contracts, organisation)
    const { wallet } = await context.keys()
    const allowed = await client.readContract({
      ...{
        address: token,
        abi: settlementTokenAbi,
        functionName: 'allowance',
        args: [wallet.address, escrow],
      },
    } as const)
    const approval: Call = {
      what: `The escrow may take ${tokensWritten(amount)}.`,
      ...{ to: token, abi: settlementTokenAbi, functionName: 'approve', args: [escrow, amount] },
    }
    const redemption: Call = {
      what: `${tokensWritten(amount)} are given back.`,
      ...{ to: escrow, abi: collateralEscrowAbi, functionName: 'redeem', args: [amount] },
    }
    return transact(context, allowed >= amount ? [redemption] : [approval, redemption], tellPayments)
  },
})

export const execute = command({
  name: 'escrow execute',
  summary:
    'Pays a queued redemption at the first fresh price, or after 7 days at the last known one. Anyone may.',
  example: 'consign escrow execute --id 1 --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: { id: required(number, 'number of the redemption'), organisation: ORGANISATION },
  run: async (context, { id, organisation }) =>
    send(context, organisation, {
      what: `Redemption ${id} is done.`,
      functionName: 'execute',
      args: [BigInt(id)],
    }),
})

export const credit = command({
  name: 'escrow credit',
  summary: 'Pays an account the ether that the escrow keeps for it, because a payment failed. Anyone may.',
  example: 'consign escrow credit --account 0x… --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: { account: optional(address, 'whose; the sender’s by default'), organisation: ORGANISATION },
  run: async (context, { account, organisation }) => {
    const whose = account ?? (await context.keys()).wallet.address
    return send(context, organisation, {
      what: `The credit of ${whose} is paid.`,
      functionName: 'payCredit',
      args: [whose],
    })
  },
})

export const price = command({
  name: 'escrow price',
  summary:
    'Posts the price of ether in USD to a posted feed. Only its publisher; for chains without an oracle.',
  example: 'consign escrow price --usd 3000 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { usd: required(text, 'USD for one ether, like 3000 or 3012.5'), organisation: ORGANISATION },
  run: async (context, { usd, organisation }) => {
    const { client, contracts } = await context.chain()
    const { priceFeed } = organisationOf(contracts, organisation)
    const at = { address: priceFeed, abi: postedPriceFeedAbi } as const
    const decimals = await client.readContract({ ...at, functionName: 'decimals' })
    const posted = parseUnits(tokensLike(usd), decimals)
    const what = `The price is ${usd} USD for one ether.`
    return transact(context, [
      { what, to: priceFeed, abi: postedPriceFeedAbi, functionName: 'post', args: [posted] },
    ])
  },
})

export const showEscrow = command({
  name: 'escrow show',
  summary: 'Shows collateral, obligations, price, supply and, with --id, a queued redemption.',
  example: 'consign escrow show --rpc http://127.0.0.1:8545',
  options: { id: optional(number, 'a queued redemption'), organisation: ORGANISATION },
  run: async (context, { id, organisation: named }): Promise<Report> => {
    const { client, contracts } = await context.chain()
    const { organisation, escrow, token, priceFeed } = organisationOf(contracts, named)
    const at = { address: escrow, abi: collateralEscrowAbi } as const
    const [collateralWei, obligations, reserved, supply] = await Promise.all([
      client.readContract({ ...at, functionName: 'collateral' }),
      client.readContract({ ...at, functionName: 'obligations' }),
      client.readContract({ ...at, functionName: 'reserved' }),
      client.readContract({ address: token, abi: settlementTokenAbi, functionName: 'totalSupply' }),
    ])
    const latest = await priceOf(context, priceFeed)
    const redemption =
      id === undefined
        ? undefined
        : await client.readContract({ ...at, functionName: 'redemptionOf', args: [BigInt(id)] })
    const lines = [
      `Escrow ${escrow} of ${organisation}`,
      `collateral   ${etherWritten(collateralWei)}`,
      `supply       ${tokensWritten(supply)}`,
      `reserved     ${tokensWritten(reserved)} for agreements under way`,
      `obligations  ${tokensWritten(obligations)}, to be covered with 150 %`,
      `price        ${latest.updatedAt === 0n ? 'none yet' : `${latest.usd} USD for one ether, of ${secondsWritten(latest.updatedAt)}`}`,
    ]
    if (redemption) lines.push(redemptionLine(id, redemption))
    return {
      lines,
      data: {
        organisation,
        escrow,
        token,
        collateralWei,
        obligations,
        reserved,
        supply,
        price: latest,
        redemption,
      },
    }
  },
})

async function priceOf(context: Context, priceFeed: Hex) {
  const { client } = await context.chain()
  const at = { address: priceFeed, abi: postedPriceFeedAbi } as const
  const [[, answer, , updatedAt], decimals] = await Promise.all([
    client.readContract({ ...at, functionName: 'latestRoundData' }),
    client.readContract({ ...at, functionName: 'decimals' }),
  ])
  return { usd: formatUnits(answer, decimals), updatedAt }
}

function redemptionLine(
  id: number | undefined,
  { holder, requestedAt, amount }: { holder: Hex; requestedAt: number; amount: bigint },
): string {
  if (requestedAt === 0) return `There is no redemption ${id}, or it is done.`
  return `redemption ${id}: ${tokensWritten(amount)} of ${holder}, asked for ${secondsWritten(requestedAt)}`
}

async function send(
  context: Context,
  named: Hex | undefined,
  call: Omit<Call, 'to' | 'abi'>,
): Promise<Report> {
  const { contracts } = await context.chain()
  const { escrow } = organisationOf(contracts, named)
  return transact(context, [{ ...call, to: escrow, abi: collateralEscrowAbi }], tellPayments)
}

function tellPayments(events: ChainEvent[]): string[] {
  return events.flatMap(({ name, args }) => {
    if (name === 'Redeemed')
      return [
        `  ${args.holder} got ${etherWritten(args.amountWei as bigint)}; ${etherWritten(args.feeWei as bigint)} stay as fee`,
      ]
    if (name === 'RedemptionQueued')
      return [
        `  redemption ${args.id} waits for the next price; run consign escrow execute --id ${args.id} then`,
      ]
    if (name === 'Credited')
      return [`  ${args.account} takes no ether; ${etherWritten(args.amountWei as bigint)} are kept for it`]
    return []
  })
}

// A price is written like an amount of tokens, and refused like one.
function tokensLike(usd: string): string {
  tokens.parse(usd)
  return usd
}
