/** Has what an agreement costs reserved, before its guarantee is paid in and leg 0 can start. Safe to repeat from the start at any point. */
import { Refusal } from '@consign/envelope'
import { general, payer } from '@consign/terms'
import type { Hex } from 'viem'
import type { PaymentChannel } from './adapters/payment-channel.ts'
import { addedUp, agreedByPartner, openByPartner } from './domain/reservation.ts'
import type { Settlement } from './domain/settlement.ts'
import type { Known, Ledger } from './ledger.ts'
import { SettlementStream, type StreamOptions } from './stream.ts'

export type ReservingOptions = StreamOptions & {
  channel: Pick<PaymentChannel, 'via' | 'reserve'>
  /** whose channels they are, where they are not the payer's */
  mediator?: Hex
}

/** The agreements for which what is agreed was reserved, and still is. */
export type ReservedAgreements = Pick<Ledger, 'reserved'>

/** Reserves for one agreement after the other, so that none is promised what another one needs. */
export class Reserving {
  readonly #ledger: ReservedAgreements
  readonly #options: ReservingOptions
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ledger: ReservedAgreements, options: ReservingOptions) {
    this.#ledger = ledger
    this.#options = options
  }

  /** Resolves when it is in the log. Throws Waiting 'exposure', or a Refusal with retry that names what is missing. */
  reserve(shipment: Known): Promise<void> {
    return this.#inTurn(() => this.#reserve(shipment))
  }

  /** Again, of what is due by the plan: awards may be more than was agreed. What cannot be had is left to the payments. */
  reserveDue(shipment: Known): Promise<void> {
    return this.#inTurn(async () => {
      const from = this.#from(shipment)
      const agreed = agreedByPartner(shipment.terms, from)
      const open = openByPartner(shipment.terms, await this.#stateOf(shipment), from)
      const more = [...open].filter(([partner, amount]) => amount > (agreed.get(partner) ?? 0n))
      if (more.length === 0) return
      await this.#ask(
        more.map(([partner]) => partner),
        open,
        shipment,
        0n,
      ).catch((error) => {
        if (!(error instanceof Refusal)) throw error
      })
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #reserve(shipment: Known): Promise<void> {
    const { agreement, terms } = shipment
    const { channel, mediator } = this.#options
    const { reserved, mediators } = await this.#stateOf(shipment)
    if (mediator === undefined ? reserved : mediators.has(mediator)) return
    const agreed = agreedByPartner(terms, this.#from(shipment))
    const aside = mediator === undefined ? BigInt(general(terms).guaranteeTotal) : 0n
    await this.#ask([...agreed.keys()], agreed, shipment, aside)
    const channels = [...agreed].map(([partner, amount]) => ({
      partner,
      amount: String(amount),
      via: channel.via,
    }))
    const of = { agreement, shipment: shipment.shipment, channels }
    await new SettlementStream(agreement, this.#options).decide(
      mediator === undefined ? { type: 'reserve', ...of } : { type: 'reserveMediated', mediator, ...of },
      'settlement.reserved',
    )
  }

  // Of the channels with these partners, what this agreement and all others that are reserved need.
  async #ask(
    partners: readonly Hex[],
    own: ReadonlyMap<Hex, bigint>,
    { agreement }: Known,
    aside: bigint,
  ): Promise<void> {
    const others = this.#ledger.reserved().filter((one) => one.agreement !== agreement)
    const open = await Promise.all(
      others.map(async (one) => openByPartner(one.terms, await this.#stateOf(one), this.#from(one))),
    )
    const needed = addedUp([own, ...open])
    await this.#options.channel.reserve({
      channels: partners.map((partner) => ({ partner, amount: needed.get(partner) ?? 0n })),
      total: [...needed.values()].reduce((sum, amount) => sum + amount, 0n),
      aside,
    })
  }

  #from({ terms }: Known): Hex {
    return this.#options.mediator ?? payer(terms).wallet
  }

  #stateOf({ agreement }: Known): Promise<Settlement> {
    return new SettlementStream(agreement, this.#options).state()
  }
}
