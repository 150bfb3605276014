/** The agreements that this organisation still has to fund or to settle, folded from the log; rebuilt from it after a restart. */
import type { Recorded } from '@consign/eventlog'
import { type ConsignEvent, type Hex, parseEvent } from '@consign/events'
import { general, payer, type Terms } from '@consign/terms'
import { dueAtMs, evolveShipment, newShipment, type Shipment, type ShipmentEvent } from './domain/shipment.ts'

export type Organisation = { wallet: Hex; chainId: number; token: Hex }

/** `onForeign`: told once of terms that name this organisation as payer, but another chain or token. */
export class Ledger {
  readonly #organisation: Organisation
  readonly #onForeign: (agreement: Hex, reason: string) => void
  readonly #open = new Map<Hex, Shipment>()
  readonly #closed = new Set<Hex>()
  readonly #funded = new Set<Hex>()
  readonly #news = new Map<Hex, number>()

  constructor(organisation: Organisation, onForeign: (agreement: Hex, reason: string) => void) {
    this.#organisation = organisation
    this.#onForeign = onForeign
  }

  /** Takes a message of `custody.*`, `penalty.*`, `settlement.*` or `chain.*`; one that was taken before changes nothing. */
  take(message: Recorded): void {
    const event = parseEvent(message.data)
    if (event.type === 'settlement.concluded.v1') this.close(event.data.agreement)
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

  /** Something has changed for an agreement: what waited for it is worth trying. */
  tell(agreement: Hex): void {
    if (!this.#closed.has(agreement)) this.#news.set(agreement, this.newsOf(agreement) + 1)
  }

  /** How often something has changed for an agreement. */
  newsOf(agreement: Hex): number {
    return this.#news.get(agreement) ?? 0
  }

  close(agreement: Hex): void {
    this.#open.delete(agreement)
    this.#funded.delete(agreement)
    this.#news.delete(agreement)
    this.#closed.add(agreement)
  }

  funded(agreement: Hex): void {
    if (!this.#closed.has(agreement)) this.#funded.add(agreement)
  }

  /** How many agreements are not concluded. */
  get size(): number {
    return this.#open.size
  }

  /** Agreements whose guarantee is not known to be paid in. */
  unfunded(): (Shipment & { terms: Terms })[] {
    return [...this.#open.values()].filter(
      (one): one is Shipment & { terms: Terms } =>
        one.terms !== undefined &&
        !this.#funded.has(one.agreement) &&
        general(one.terms).guaranteeTotal !== '0',
    )
  }

  /** Shipments whose plan may be made now. */
  due(nowMs: number): Shipment[] {
    return [...this.#open.values()].filter(
      (shipment) => (dueAtMs(shipment) ?? Number.POSITIVE_INFINITY) <= nowMs,
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
    event.type === 'chain.refused.v1'
  )
}
