/** The agreements by whose payment graph this wallet passes money on to others, folded from the log; rebuilt from it after a restart. */
import type { Recorded } from '@consign/eventlog'
import { type ConsignEvent, type EventData, type Hex, parseEvent } from '@consign/events'
import { general } from '@consign/terms'
import { mediatorsOf } from './domain/reservation.ts'
import { newShipment } from './domain/shipment.ts'
import type { Known, Organisation } from './ledger.ts'

export class MediatorLedger {
  readonly #own: Organisation
  readonly #open = new Map<Hex, Known>()
  /** for which the payer has reserved what is agreed */
  readonly #payable = new Set<Hex>()
  readonly #reserved = new Set<Hex>()
  readonly #over = new Set<Hex>()

  constructor(own: Organisation) {
    this.#own = own
  }

  /** Takes a message of `custody.*` or `settlement.*`; one that was taken before changes nothing. */
  take(message: Recorded): void {
    this.takeOwn(parseEvent(message.data))
  }

  takeOwn(event: ConsignEvent): void {
    switch (event.type) {
      case 'custody.agreement.signed.v1':
        this.#signed(event.data)
        break
      case 'settlement.reserved.v1':
        this.#payable.add(event.data.agreement)
        break
      case 'settlement.mediator.reserved.v1':
        if (event.data.mediator === this.#own.wallet) this.#reserved.add(event.data.agreement)
        break
      case 'settlement.settled.v1':
      case 'settlement.concluded.v1':
        this.#over.add(event.data.agreement)
        this.#open.delete(event.data.agreement)
        break
    }
  }

  /** How many agreements are not over. */
  get size(): number {
    return this.#open.size
  }

  /** Agreements that the payer can pay, and for which this wallet has not reserved yet. */
  unreserved(): Known[] {
    return this.#known((agreement) => this.#payable.has(agreement) && !this.#reserved.has(agreement))
  }

  /** Agreements for which what is agreed was reserved, and still is. */
  reserved(): Known[] {
    return this.#known((agreement) => this.#reserved.has(agreement))
  }

  #known(isMeant: (agreement: Hex) => boolean): Known[] {
    return [...this.#open.values()].filter(({ agreement }) => isMeant(agreement))
  }

  #signed({ agreement, shipment, terms }: EventData<'custody.agreement.signed.v1'>): void {
    const { wallet, chainId, token } = this.#own
    const named = general(terms)
    if (this.#over.has(agreement) || named.chainId !== chainId || named.token !== token) return
    if (mediatorsOf(terms).includes(wallet))
      this.#open.set(agreement, { ...newShipment(agreement), shipment, terms })
  }
}
