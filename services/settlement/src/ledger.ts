/** The shipments that this organisation still has to settle, folded from the log; rebuilt from it after a restart. */
import type { Recorded } from '@consign/eventlog'
import { type ConsignEvent, type Hex, parseEvent } from '@consign/events'
import { general, payer } from '@consign/terms'
import { dueAtMs, evolveShipment, newShipment, type Shipment, type ShipmentEvent } from './domain/shipment.ts'

export type Organisation = { wallet: Hex; chainId: number; token: Hex }

/** `onForeign`: told once of terms that name this organisation as payer, but another chain or token. */
export class Ledger {
  readonly #organisation: Organisation
  readonly #onForeign: (agreement: Hex, reason: string) => void
  readonly #open = new Map<Hex, Shipment>()
  readonly #closed = new Set<Hex>()

  constructor(organisation: Organisation, onForeign: (agreement: Hex, reason: string) => void) {
    this.#organisation = organisation
    this.#onForeign = onForeign
  }

  /** Takes a message of `custody.*`, `penalty.*` or `settlement.*`; one that was taken before changes nothing. */
  take(message: Recorded): void {
    const event = parseEvent(message.data)
    if (event.type === 'settlement.settled.v1') this.close(event.data.agreement)
    if (!isShipmentEvent(event) || this.#closed.has(event.data.agreement)) return
    const { agreement } = event.data
    if (event.type === 'custody.agreement.signed.v1' && !this.#isOurs(event.data)) {
      this.close(agreement)
      return
    }
    const shipment = this.#open.get(agreement) ?? newShipment(agreement)
    this.#open.set(agreement, evolveShipment(shipment, event, message.timeMs))
  }

  close(agreement: Hex): void {
    this.#open.delete(agreement)
    this.#closed.add(agreement)
  }

  /** How many shipments are not settled. */
  get size(): number {
    return this.#open.size
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
    event.type === 'penalty.shipment.assessed.v1'
  )
}
