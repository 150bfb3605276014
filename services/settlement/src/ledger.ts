/** The agreements that this organisation still has to fund, to pay or to conclude, folded from the log; rebuilt from it after a restart. */
import type { Recorded } from '@consign/eventlog'
import { type ConsignEvent, type Hex, parseEvent } from '@consign/events'
import { general, payer, type Terms } from '@consign/terms'
import { AttemptBook } from './domain/attempt-book.ts'
import { dueByWallet } from './domain/guaranteed.ts'
import {
  dueAtMs,
  evolveShipment,
  isLost,
  newShipment,
  type Shipment,
  type ShipmentEvent,
} from './domain/shipment.ts'

export type Organisation = { wallet: Hex; chainId: number; token: Hex }

/** A shipment whose agreement is known. */
export type Known = Shipment & { terms: Terms; shipment: string }

/** `onForeign`: told once of terms that name this organisation as payer, but another chain or token. */
export class Ledger {
  readonly attempts = new AttemptBook()
  readonly #organisation: Organisation
  readonly #onForeign: (agreement: Hex, reason: string) => void
  readonly #open = new Map<Hex, Shipment>()
  readonly #closed = new Set<Hex>()
  readonly #reserved = new Set<Hex>()
  readonly #funded = new Set<Hex>()
  readonly #mediated = new Set<Hex>()
  /** of what is planned, the wallets that are not known to have got everything */
  readonly #unpaid = new Map<Hex, Set<Hex>>()
  readonly #settled = new Set<Hex>()
  /** on chain; who was silent may still go on */
  readonly #concluded = new Set<Hex>()
  /** agreement and wallet; kept when an agreement is over */
  readonly #overpaid = new Set<string>()
  readonly #news = new Map<Hex, number>()

  constructor(organisation: Organisation, onForeign: (agreement: Hex, reason: string) => void) {
    this.#organisation = organisation
    this.#onForeign = onForeign
  }

  /** Takes a message of `custody.*`, `penalty.*`, `settlement.*` or `chain.*`; one that was taken before changes nothing. */
  take(message: Recorded): void {
    const event = parseEvent(message.data)
    this.takeOwn(event)
    const { agreement } = event.data as { agreement?: Hex }
    if (agreement === undefined || !isShipmentEvent(event) || this.#closed.has(agreement)) return
    if (event.type === 'custody.agreement.signed.v1' && !this.#isOurs(event.data)) {
      this.close(agreement)
      return
    }
    const shipment = this.#open.get(agreement) ?? newShipment(agreement)
    this.#open.set(agreement, evolveShipment(shipment, event, message.timeMs))
    this.tell(agreement)
  }

  /** Takes what this service has written itself, once, in the order of the log. */
  takeOwn(event: ConsignEvent): void {
    // Of another organisation, or over.
    if ('agreement' in event.data && this.#closed.has(event.data.agreement as Hex)) return
    this.attempts.take(event)
    switch (event.type) {
      case 'settlement.reserved.v1':
        this.#reserved.add(event.data.agreement)
        break
      case 'settlement.planned.v1':
        this.#unpaid.set(event.data.agreement, new Set(dueByWallet(event.data.plan).keys()))
        break
      case 'settlement.overpaid.v1':
        this.#overpaid.add(`${event.data.agreement} ${event.data.wallet}`)
        break
      case 'settlement.settled.v1':
        this.#settled.add(event.data.agreement)
        this.#closeWhenOver(event.data.agreement)
        break
      case 'settlement.concluded.v1':
        this.#concluded.add(event.data.agreement)
        this.#closeWhenOver(event.data.agreement)
        break
    }
  }

  /** Something has changed for an agreement: what waited for it is worth trying. */
  tell(agreement: Hex): void {
    if (!this.#closed.has(agreement)) this.#news.set(agreement, this.newsOf(agreement) + 1)
  }

  /** How often something has changed for an agreement. */
  newsOf(agreement: Hex): number {
    return this.#news.get(agreement) ?? 0
  }

  close(agreement: Hex): void {
    for (const known of this.#all()) known.delete(agreement)
    this.#closed.add(agreement)
  }

  funded(agreement: Hex): void {
    if (!this.#closed.has(agreement)) this.#funded.add(agreement)
  }

  mediated(agreement: Hex): void {
    if (!this.#closed.has(agreement)) this.#mediated.add(agreement)
  }

  paid(agreement: Hex, wallet: Hex): void {
    this.#unpaid.get(agreement)?.delete(wallet)
  }

  /** How many agreements are not over. */
  get size(): number {
    return this.#open.size
  }

  /** Agreements whose reservation and guarantee are not known to be there. */
  unfunded(): Known[] {
    return this.#known().filter(
      ({ agreement }) => !this.#funded.has(agreement) && !this.#concluded.has(agreement),
    )
  }

  /** Agreements for which what is agreed was reserved, and still is. */
  reserved(): Known[] {
    return this.#known().filter(
      ({ agreement }) => this.#reserved.has(agreement) && !this.#concluded.has(agreement),
    )
  }

  /** Of these, the ones whose goods may still be under way, of which it is not known that all in the middle can pass on what is agreed. */
  unmediated(): Known[] {
    return this.reserved().filter(
      ({ agreement }) => !this.#unpaid.has(agreement) && !this.#mediated.has(agreement),
    )
  }

  /** Shipments whose plan may be made now, and is not. */
  due(nowMs: number): Known[] {
    return this.#known().filter(
      (shipment) =>
        !this.#unpaid.has(shipment.agreement) && (dueAtMs(shipment) ?? Number.POSITIVE_INFINITY) <= nowMs,
    )
  }

  /** Shipments that count as lost, whose plan is not made. */
  lost(nowMs: number): Known[] {
    return this.#known().filter(
      (shipment) => !this.#unpaid.has(shipment.agreement) && isLost(shipment, nowMs),
    )
  }

  /** Wallets that got more than their due, of whatever agreement. */
  get overpaid(): number {
    return this.#overpaid.size
  }

  /** Shipments whose plan is made. */
  planned(): Known[] {
    return this.#known().filter(({ agreement }) => this.#unpaid.has(agreement))
  }

  /** Of these, the ones that are not concluded. */
  unconcluded(): Known[] {
    return this.planned().filter(({ agreement }) => !this.#concluded.has(agreement))
  }

  /** Wallets that are not known to have got everything that they get off chain. */
  unpaid(agreement: Hex): Hex[] {
    return [...(this.#unpaid.get(agreement) ?? [])]
  }

  #closeWhenOver(agreement: Hex): void {
    if (this.#settled.has(agreement) && this.#concluded.has(agreement)) this.close(agreement)
  }

  #all() {
    const sets = [this.#reserved, this.#funded, this.#mediated, this.#settled, this.#concluded]
    return [this.#open, this.#unpaid, this.#news, ...sets]
  }

  #known(): Known[] {
    return [...this.#open.values()].filter(
      (one): one is Known => one.terms !== undefined && one.shipment !== undefined,
    )
  }

  #isOurs({ agreement, terms }: (ConsignEvent & { type: 'custody.agreement.signed.v1' })['data']): boolean {
    const { wallet, chainId, token } = this.#organisation
    if (payer(terms).wallet !== wallet) return false
    const named = general(terms)
    if (named.chainId === chainId && named.token === token) return true
    const reason = `its terms name token ${named.token} on chain ${named.chainId}, this service pays with ${token} on chain ${chainId}`
    this.#onForeign(agreement, reason)
    return false
  }
}

function isShipmentEvent(event: ConsignEvent): event is ShipmentEvent {
  return (
    event.type === 'custody.agreement.signed.v1' ||
    event.type === 'custody.delivered.v1' ||
    event.type === 'penalty.violation.charged.v1' ||
    event.type === 'penalty.shipment.assessed.v1' ||
    event.type === 'chain.intended.v1' ||
    event.type === 'chain.mined.v1' ||
    event.type === 'chain.refused.v1' ||
    event.type === 'chain.case.charged.v1' ||
    event.type === 'chain.case.dropped.v1' ||
    event.type === 'chain.happened.v1'
  )
}
