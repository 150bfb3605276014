import { readFile } from 'node:fs/promises'
import { Refusal } from '@consign/envelope'
import { type Channel, ensureChannel, type RaidenClient } from '@consign/raiden-client'
import {
  general,
  parseTerms,
  partyByWallet,
  payer,
  paymentGraph,
  type Terms,
  termsHash,
} from '@consign/terms'
import type { Hex } from 'viem'
import { command, flag, type Report, repeated } from '../command.ts'
import type { Context } from '../context.ts'
import { file } from '../values.ts'
import { tokensWritten } from '../written.ts'
import { NODE, withNode } from './node.ts'

/** A channel that this node is to have, and what its side must be able to pay over it. */
type Need = { token: Hex; partner: Hex; name: string; amount: bigint }
/** `deposited`: by this run, or what it would be. */
type Step = Need & { did: 'opened' | 'toppedUp' | 'nothing'; deposited: bigint; channel: Channel | undefined }

export const open = command({
  name: 'channels open',
  summary: 'Opens or tops up the channels over which a node is to pay according to terms.',
  details:
    'Each channel gets as much as this side needs to pay all behind it what was agreed; what it can pay already is not deposited again. With several --terms a channel that they share gets their sum: name all agreements that are under way.',
  example: 'consign channels open --node http://127.0.0.1:5001 --terms ship/terms.json',
  options: {
    node: NODE,
    terms: repeated(file, 'what was agreed; at least one'),
    'as-payer': flag('the channels of the payer, whose Raiden node has a wallet of its own'),
  },
  common: ['dry-run'],
  run: async (context, { node: nodeUrl, terms: paths, 'as-payer': asPayer }): Promise<Report> => {
    if (paths.length === 0) throw new Refusal('argument.missing', '--terms FILE is needed; see --help')
    const agreed = await Promise.all(paths.map(readTermsFile))
    return withNode(nodeUrl, async (node) => {
      const own = await node.address()
      const needs = needsOf(agreed, (terms) => payingWallet(terms, own, asPayer))
      await requireTokens(node, needs)
      const steps: Step[] = []
      for (const need of needs) steps.push(await meet(context, node, need))
      return reportOf(steps, context.dryRun)
    })
  },
})

async function readTermsFile(path: string): Promise<Terms> {
  try {
    return parseTerms(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    if (cause instanceof Refusal) throw new Refusal(cause.code, `${path}: ${cause.message}`, { cause })
    throw new Refusal('argument.file', `${path} cannot be read as JSON; check the name`, { cause })
  }
}

/** Whose edges of the graph are this node's. Refusal 'channels.party' when the flag and the node do not fit. */
function payingWallet(terms: Terms, own: Hex, asPayer: boolean): Hex {
  const party = partyByWallet(terms, own)
  if (asPayer && party && party.role !== 'payer')
    throw new Refusal(
      'channels.party',
      `the node is that of ${party.name}, who does not pay; leave out --as-payer, or name the payer's node`,
    )
  if (asPayer) return payer(terms).wallet
  if (!party)
    throw new Refusal(
      'channels.party',
      `the node's address ${own} is no party of shipment ${general(terms).shipment}; on the payer's node give --as-payer`,
    )
  return own
}

/** One for each partner and token. */
function needsOf(agreed: Terms[], walletOf: (terms: Terms) => Hex): Need[] {
  const needs = new Map<string, Need>()
  // The same file given twice counts once.
  for (const terms of new Map(agreed.map((each) => [termsHash(each), each])).values()) {
    const { token } = general(terms)
    const wallet = walletOf(terms)
    for (const { to, amount } of paymentGraph(terms).filter(({ from }) => from === wallet)) {
      const known = needs.get(`${token} ${to}`)
      const name = known?.name ?? partyByWallet(terms, to)?.name ?? to
      needs.set(`${token} ${to}`, { token, partner: to, name, amount: amount + (known?.amount ?? 0n) })
    }
  }
  return [...needs.values()]
}

async function requireTokens(node: RaidenClient, needs: Need[]): Promise<void> {
  const known = await node.tokens()
  const unknown = needs.find(({ token }) => !known.includes(token))
  if (unknown)
    throw new Refusal(
      'channel.token',
      `the node knows no network of the token ${unknown.token}; deploy one, or name a node that is on the chain of the terms`,
    )
}

async function meet(context: Context, node: RaidenClient, need: Need): Promise<Step> {
  const { token, partner, amount } = need
  const found = await node.channel({ token, partner })
  const before = found?.state === 'settled' ? undefined : found
  if (before && before.state !== 'opened')
    throw new Refusal('channel.closed', `the channel with ${need.name} (${partner}) is ${before.state}`)
  const lacking = amount - (before?.balance ?? 0n)
  if (lacking <= 0n) return { ...need, did: 'nothing', deposited: 0n, channel: before }
  const did = before ? 'toppedUp' : 'opened'
  if (context.dryRun) return { ...need, did, deposited: lacking, channel: before }
  context.progress(`${before ? 'topping up' : 'opening'} the channel with ${need.name}`)
  const channel = await ensureChannel(node, { token, partner, balanceMin: amount })
  return { ...need, did, deposited: channel.totalDeposit - (before?.totalDeposit ?? 0n), channel }
}

function reportOf(steps: Step[], dryRun: boolean): Report {
  const lines = steps.map((step) => said(step, dryRun))
  return {
    lines: lines.length > 0 ? lines : ['Nobody is paid over a channel of this node; nothing is to be done.'],
    data: { channels: steps },
  }
}

function said({ did, name, partner, amount, deposited, channel }: Step, dryRun: boolean): string {
  const what = `channel with ${name} (${partner})`
  const is = dryRun ? 'would be' : 'is'
  if (did === 'nothing')
    return `The ${what} can pay ${tokensWritten(channel?.balance ?? 0n)}, and ${tokensWritten(amount)} are needed; nothing is to be done.`
  if (did === 'opened') return `The ${what} ${is} opened with ${tokensWritten(deposited)}.`
  return `The ${what} ${is} topped up by ${tokensWritten(deposited)}, so that it can pay ${tokensWritten(amount)}.`
}
