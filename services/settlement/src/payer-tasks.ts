/** What a payer has to do for its agreements: each is funded, planned, paid and concluded. */
import type { Hex } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import { planClosed } from './closing.ts'
import { mayBeClosed } from './domain/shipment.ts'
import { fundAgreement } from './funding.ts'
import type { Ledger } from './ledger.ts'
import { UnpaidPayments } from './measuring.ts'
import { type PayingOptions, payWallet } from './paying.ts'
import { type PlanningOptions, planShipment } from './planning.ts'
import { requireMediators } from './readiness.ts'
import { Reserving } from './reserving.ts'
import type { Task, Work } from './schedule.ts'
import { concludeShipment } from './settling.ts'

export type PayerTasksOptions = Omit<PayingOptions, 'onPaid' | 'onUnpaid'> &
  PlanningOptions & { chain: AgreementChain; logger: Logger; metrics: Metrics }

/** By what the ledger knows. */
export class PayerTasks implements Work {
  readonly #ledger: Ledger
  readonly #options: PayerTasksOptions
  readonly #unpaid: UnpaidPayments
  readonly #reserving: Reserving

  constructor(ledger: Ledger, options: PayerTasksOptions) {
    this.#ledger = ledger
    this.#options = options
    this.#unpaid = new UnpaidPayments(options.metrics)
    this.#reserving = new Reserving(ledger, options)
  }

  all(): Task[] {
    const planned = this.#ledger.planned()
    return [
      ...planned.flatMap((shipment) =>
        this.#ledger.unpaid(shipment.agreement).map((wallet) => this.#pay(shipment, wallet)),
      ),
      ...this.#ledger.unfunded().map((shipment) => this.#fund(shipment)),
      ...this.#ledger.due(this.#options.now()).map((shipment) => this.#plan(shipment)),
      ...this.#ledger.lost(this.#options.now()).map((shipment) => this.#planClosed(shipment)),
      ...this.#ledger.unmediated().map((shipment) => this.#requireMediators(shipment)),
      ...this.#ledger.unconcluded().map((shipment) => this.#conclude(shipment)),
    ]
  }

  #fund(shipment: Parameters<typeof fundAgreement>[0]): Task {
    const { agreement } = shipment
    const run = async () => {
      const isFunded = await fundAgreement(shipment, this.#reserving, this.#options)
      this.#ledger.funded(agreement)
      if (!isFunded) return
      this.#options.logger.info({ agreement }, 'what it costs is reserved, and its guarantee is paid in')
    }
    return { key: `fund:${agreement}`, kind: 'chain', agreement, run }
  }

  newsOf(agreement: Hex): number {
    return this.#ledger.newsOf(agreement)
  }

  #requireMediators(shipment: Parameters<typeof requireMediators>[0]): Task {
    const { agreement } = shipment
    const run = async () => {
      await requireMediators(shipment, this.#options)
      this.#ledger.mediated(agreement)
    }
    return { key: `mediators:${agreement}`, kind: 'chain', agreement, run }
  }

  #plan(shipment: Parameters<typeof planShipment>[0]): Task {
    const { agreement } = shipment
    const run = async () => {
      const { chain, now } = this.#options
      // What was closed before its delivery was told is paid by what the contract then fixes.
      const isClosed = mayBeClosed(shipment, now()) && (await chain.isClosedUndelivered(agreement))
      await (isClosed ? planClosed : planShipment)(shipment, this.#options)
      await this.#reserving.reserveDue(shipment)
    }
    return { key: `plan:${agreement}`, kind: 'chain', agreement, run }
  }

  #planClosed(shipment: Parameters<typeof planClosed>[0]): Task {
    const { agreement } = shipment
    const run = async () => {
      await planClosed(shipment, this.#options)
      this.#options.logger.info(
        { agreement },
        'closed on chain without delivery: paid by what the contract has fixed',
      )
      await this.#reserving.reserveDue(shipment)
    }
    return { key: `close:${agreement}`, kind: 'chain', agreement, run }
  }

  #pay(shipment: Parameters<typeof payWallet>[0], wallet: Hex): Task {
    const { agreement } = shipment
    const run = async () => {
      await payWallet(shipment, wallet, {
        ...this.#options,
        onPaid: (payment) => this.#unpaid.delete(payment),
        onUnpaid: (payment, outcome) => this.#unpaid.set(payment, outcome),
      })
      this.#ledger.paid(agreement, wallet)
      this.#ledger.tell(agreement)
    }
    return { key: `pay:${agreement}:${wallet}`, kind: 'pay', agreement, run }
  }

  #conclude(shipment: Parameters<typeof concludeShipment>[0]): Task {
    const { agreement } = shipment
    const run = async () => {
      await concludeShipment(shipment, this.#options)
      this.#options.logger.info({ agreement }, 'settled, and concluded on chain')
    }
    return { key: `conclude:${agreement}`, kind: 'chain', agreement, run }
  }
}
