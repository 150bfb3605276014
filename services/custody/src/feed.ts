import type { EventLog, Recorded } from '@consign/eventlog'
import { type ConsignEvent, type Hex, parseEvent, subjects } from '@consign/events'
import { step } from '@consign/runtime'
import { general, parties } from '@consign/terms'

export const FEED_FILTERS = [
  subjects.custody('*'),
  subjects.penalty('*'),
  subjects.settlement('*'),
  subjects.rating('*', '*'),
  subjects.chain('*'),
] as const

/** How the payer's channels stand, and why its node does not pay, is its own business. */
const NOT_SHOWN: ReadonlySet<ConsignEvent['type']> = new Set([
  'settlement.payment.attempted.v1',
  'settlement.payment.refused.v1',
])

// 10,000 × (four addresses and a shipment) = a few MiB; the oldest is read from the log again.
const AGREEMENTS_MAX = 10_000

type Audience = { shipment: string; wallets: readonly Hex[] }

/**
 * Shows each event of an agreement to every party of it, on `feed.<party>.<shipment>.<event>`, once. A rating is shown to the
 * two it is between. Message ids make a repeat within the duplicate window harmless; only the first message after a start can be
 * older than that, or one that failed half-way before, and for those the feed itself is asked.
 */
export class Feed {
  readonly #log: EventLog
  readonly #audiences = new Map<string, Audience>()
  /** No message is shown to some parties only. */
  #isWhole = false

  constructor(log: EventLog) {
    this.#log = log
  }

  async handle(message: Recorded): Promise<void> {
    const event = parseEvent(message.data)
    if (NOT_SHOWN.has(event.type)) return
    const agreement = agreementOf(event)
    const audience = agreement === undefined ? undefined : await this.#audience(agreement)
    if (audience === undefined) return
    const wallets =
      event.type === 'penalty.rating.changed.v1' ? [event.data.payer, event.data.party] : audience.wallets
    const mayBeShown = !this.#isWhole
    this.#isWhole = false
    await Promise.all(
      wallets.map((wallet) => this.#show(wallet, audience.shipment, event, message, mayBeShown)),
    )
    this.#isWhole = true
    step('custody.fed')
  }

  async #show(
    wallet: Hex,
    shipment: string,
    event: ConsignEvent,
    message: Recorded,
    mayBeShown: boolean,
  ): Promise<void> {
    const subject = subjects.feed(wallet, shipment, feedName(event.type))
    if (mayBeShown && (await this.#isShown(subject, event.id))) return
    await this.#log.publish(subject, message.data, { msgId: `${event.id}:${wallet}` })
  }

  async #isShown(subject: string, id: string): Promise<boolean> {
    const last = await this.#log.last(subject)
    return last !== undefined && parseEvent(last.data).id === id
  }

  async #audience(agreement: Hex): Promise<Audience | undefined> {
    const known = this.#audiences.get(agreement)
    if (known !== undefined) return known
    for await (const { data } of this.#log.read([subjects.custody(agreement)])) {
      const event = parseEvent(data)
      if (event.type !== 'custody.agreement.signed.v1') continue
      const { terms } = event.data
      const audience = {
        shipment: general(terms).shipment,
        wallets: parties(terms).map(({ wallet }) => wallet),
      }
      this.#audiences.set(agreement, audience)
      const [oldest] = this.#audiences.keys()
      if (this.#audiences.size > AGREEMENTS_MAX && oldest !== undefined) this.#audiences.delete(oldest)
      return audience
    }
    return undefined
  }
}

/** `custody.transferred.v1` is shown as `custody-transferred`: one token, the same for every version. */
export const feedName = (type: string): string => type.replace(/\.v\d+$/, '').replaceAll('.', '-')

function agreementOf({ data }: ConsignEvent): Hex | undefined {
  return 'agreement' in data ? data.agreement : undefined
}
