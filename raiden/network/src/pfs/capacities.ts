// What nodes say about their channels, kept durably: a node reports a capacity only when it changes.
import type { StatementSync } from 'node:sqlite'
import type { Address } from 'viem'
import type { Store } from '../store.ts'
import type { CapacityUpdate } from './capacity-update.ts'
import type { Edge } from './paths.ts'

// 64 accounts with 64 channels each, 0.5 KiB a row: 2 MiB.
const CAPACITIES_MAX = 4096

type Row = {
  participant: Address
  partner: Address
  channel: string
  own_nonce: string
  partner_nonce: string
  own_capacity: string
  partner_capacity: string
}

export class Capacities {
  readonly #one: StatementSync
  readonly #all: StatementSync
  readonly #count: StatementSync
  readonly #replace: StatementSync

  constructor({ db }: Store) {
    this.#one = db.prepare(
      'SELECT * FROM capacity WHERE token_network = ? AND participant = ? AND partner = ?',
    )
    this.#all = db.prepare('SELECT * FROM capacity WHERE token_network = ?')
    this.#count = db.prepare('SELECT count(*) AS count FROM capacity')
    this.#replace = db.prepare('INSERT OR REPLACE INTO capacity VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  }

  /** Takes it unless what is known is newer: a later channel of the same two, or higher nonces. False when it is not taken. */
  update(update: CapacityUpdate): boolean {
    const { canonical_identifier: channel, updating_participant, other_participant } = update
    const key = [channel.token_network_address, updating_participant, other_participant] as const
    const known = this.#one.get(...key) as Row | undefined
    if (known !== undefined && isNewer(known, update)) return false
    if (known === undefined && (this.#count.get() as { count: number }).count >= CAPACITIES_MAX) return false
    const numbers = [
      channel.channel_identifier,
      update.updating_nonce,
      update.other_nonce,
      update.updating_capacity,
      update.other_capacity,
    ]
    this.#replace.run(...key, ...numbers.map(String))
    return true
  }

  /** Where both ends of a channel have spoken, the smaller of what they say counts, as in Raiden's own service; else the word of one. */
  edges(tokenNetwork: Address): Edge[] {
    const capacities = new Map<string, Edge>()
    const take = (from: Address, to: Address, capacity: bigint) => {
      const key = `${from} ${to}`
      const known = capacities.get(key)
      if (known === undefined || capacity < known.capacity) capacities.set(key, { from, to, capacity })
    }
    for (const { participant, partner, own_capacity, partner_capacity } of this.#ofNewestChannels(
      tokenNetwork,
    )) {
      take(participant, partner, BigInt(own_capacity))
      take(partner, participant, BigInt(partner_capacity))
    }
    return [...capacities.values()]
  }

  /** One end may still speak of a channel that is closed when the other speaks of the next one: two have one channel at a time. */
  #ofNewestChannels(tokenNetwork: Address): Row[] {
    const rows = this.#all.all(tokenNetwork) as Row[]
    const channels = new Map(rows.map((row) => [`${row.participant} ${row.partner}`, BigInt(row.channel)]))
    return rows.filter(
      ({ participant, partner, channel }) =>
        BigInt(channel) >= (channels.get(`${partner} ${participant}`) ?? 0n),
    )
  }
}

function isNewer(known: Row, update: CapacityUpdate): boolean {
  const { channel_identifier } = update.canonical_identifier
  if (BigInt(known.channel) !== channel_identifier) return BigInt(known.channel) > channel_identifier
  return BigInt(known.own_nonce) > update.updating_nonce || BigInt(known.partner_nonce) > update.other_nonce
}
