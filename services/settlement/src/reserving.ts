/** Has what an agreement costs reserved, before its guarantee is paid in and leg 0 can start. Safe to repeat from the start at any point. */
import { general } from '@consign/terms'
import type { Hex } from 'viem'
import type { PaymentChannel } from './adapters/payment-channel.ts'
import { addedUp, agreedByPartner, openByPartner } from './domain/reservation.ts'
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
    const reserved = this.#turn.then(() => this.#reserve(shipment))
    this.#turn = reserved.catch(() => undefined)
    return reserved
  }

  async #reserve({ agreement, terms, shipment }: Known): Promise<void> {
    const { channel } = this.#options
    const stream = new SettlementStream(agreement, this.#options)
    if ((await stream.state()).reserved) return
    const agreed = agreedByPartner(terms)
    const others = this.#ledger.reserved().map(async (one) => {
      const state = await new SettlementStream(one.agreement, this.#options).state()
      return openByPartner(one.terms, state)
    })
    const needed = addedUp([agreed, ...(await Promise.all(others))])
    await channel.reserve({
      channels: [...agreed.keys()].map((partner) => ({ partner, amount: needed.get(partner)! })),
      total: [...needed.values()].reduce((sum, amount) => sum + amount, 0n),
      aside: BigInt(general(terms).guaranteeTotal),
    })
    const channels = [...agreed].map(([partner, amount]: [Hex, bigint]) => ({
      partner,
      amount: String(amount),
      via: channel.via,
    }))
    await stream.decide({ type: 'reserve', agreement, shipment, channels }, 'settlement.reserved')
  }
}
