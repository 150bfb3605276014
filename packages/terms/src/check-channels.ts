/** Whether channel clauses, where there are any, are a tree from the payer to everyone who is paid, and to no more. Code: terms.channel. */
import type { Hex } from 'viem'
import type { ChannelClause, PartyClause } from './clauses.ts'
import { type Placed, refuse } from './placed.ts'

type Channel = Placed<ChannelClause>

export function checkChannels(channels: Channel[], parties: Placed<PartyClause>[]): void {
  if (channels.length === 0) return
  const byWallet = new Map(parties.map(({ clause }) => [clause.wallet, clause]))
  const leadingTo = new Map<Hex, Channel>()
  for (const channel of channels) {
    checkEnds(channel, byWallet)
    const { to } = channel.clause
    const other = leadingTo.get(to)
    if (other) refuse('channel', `${channel.at}.to`, `${other.at} leads to it already; remove one of the two`)
    leadingTo.set(to, channel)
  }
  const paying = new Set<Channel>()
  for (const channel of channels) {
    const path = pathTo(channel, leadingTo, byWallet)
    if (byWallet.get(channel.clause.to)?.amount !== '0') for (const each of path) paying.add(each)
  }
  for (const { clause, at } of parties) {
    if (clause.amount === '0' || leadingTo.has(clause.wallet)) continue
    refuse('channel', `${at}.wallet`, `no channel leads to ${clause.name}, who is paid; add one`)
  }
  const idle = channels.find((channel) => !paying.has(channel))
  if (idle) refuse('channel', `${idle.at}.to`, 'leads to nobody who is paid; remove the channel')
}

function checkEnds({ clause, at }: Channel, byWallet: Map<Hex, PartyClause>): void {
  for (const end of ['from', 'to'] as const) {
    if (!byWallet.has(clause[end]))
      refuse('channel', `${at}.${end}`, `${clause[end]} is no party of these terms`)
  }
  if (clause.from === clause.to) refuse('channel', `${at}.to`, 'a party cannot be paid through itself')
  if (byWallet.get(clause.to)?.role === 'payer')
    refuse('channel', `${at}.to`, 'is the payer, who pays and is not paid; remove the channel')
}

/** The channels from the payer to the end of this one, the last first. */
function pathTo(channel: Channel, leadingTo: Map<Hex, Channel>, byWallet: Map<Hex, PartyClause>): Channel[] {
  const path = [channel]
  for (let last = channel; byWallet.get(last.clause.from)?.role !== 'payer'; ) {
    const before = leadingTo.get(last.clause.from)
    if (!before)
      refuse(
        'channel',
        `${last.at}.from`,
        `no channel leads to ${byWallet.get(last.clause.from)?.name}, from whom this one comes; add one`,
      )
    if (path.includes(before))
      refuse(
        'channel',
        `${before.at}.from`,
        'the channels lead in a circle, which the payer is not part of; change one',
      )
    path.push(before)
    last = before
  }
  return path
}
