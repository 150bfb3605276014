/** Has what an agreement costs reserved, before its guarantee is paid in and leg 0 can start. Safe to repeat from the start at any point. */
import { Refusal } from '@consign/envelope'
import { general } from '@consign/terms'
import type { Hex } from 'viem'
import type { PaymentChannel } from './adapters/payment-channel.ts'
import { addedUp, agreedByPartner, openByPartner } from './domain/reservation.ts'
import type { Settlement } from './domain/settlement.ts'
import type { Known, Ledger } from './ledger.ts'
import { SettlementStream, type StreamOptions } from './stream.ts'

export type ReservingOptions = StreamOptions & { channel: PaymentChannel }

/** Reserves for one agreement after the other, so that none is promised what another one needs. */
export class Reserving {
  readonly #ledger: Ledger
  readonly #options: ReservingOptions
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ledger: Ledger, options: ReservingOptions) {
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
      const agreed = agreedByPartner(shipment.terms)
      const open = openByPartner(shipment.terms, await this.#stateOf(shipment))
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
    if ((await this.#stateOf(shipment)).reserved) return
    const agreed = agreedByPartner(terms)
    await this.#ask([...agreed.keys()], agreed, shipment, BigInt(general(terms).guaranteeTotal))
    const { via } = this.#options.channel
    const channels = [...agreed].map(([partner, amount]) => ({ partner, amount: String(amount), via }))
    const command = { type: 'reserve', agreement, shipment: shipment.shipment, channels } as const
    await new SettlementStream(agreement, this.#options).decide(command, 'settlement.reserved')
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
      others.map(async (one) => openByPartner(one.terms, await this.#stateOf(one))),
    )
    const needed = addedUp([own, ...open])
    await this.#options.channel.reserve({
      channels: partners.map((partner) => ({ partner, amount: needed.get(partner) ?? 0n })),
      total: [...needed.values()].reduce((sum, amount) => sum + amount, 0n),
      aside,
    })
  }

  #stateOf({ agreement }: Known): Promise<Settlement> {
    return new SettlementStream(agreement, this.#options).state()
  }
}
