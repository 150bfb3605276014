/**
 * Attempts whose end is not known, and what other payments may have moved since each began: so that channels that hold less can be explained. Folded
 * from `settlement.*` in log order. Pure, but for its memory.
 */
import type { ConsignEvent } from '@consign/events'

/** `openThen`: payments that were open when it began, which may have moved before or after. */
type Open = { number: number; amount: bigint; hasMoved: boolean; openThen: ReadonlySet<string> }
type Paid = { paymentId: string; number: number; amount: bigint }

export class AttemptBook {
  readonly #amounts = new Map<string, bigint>()
  readonly #open = new Map<string, Open>()
  /** of payments that were made, as long as an open attempt may be explained by them */
  #paid: Paid[] = []
  #number = 0

  take(event: ConsignEvent): void {
    switch (event.type) {
      case 'settlement.payment.intended.v1':
        this.#amounts.set(event.data.paymentId, BigInt(event.data.amount))
        break
      case 'settlement.payment.attempted.v1':
        this.#begin(event.data.paymentId)
        break
      case 'settlement.payment.refused.v1':
        this.#open.delete(event.data.paymentId)
        break
      case 'settlement.payment.diverted.v1':
        this.#amounts.delete(event.data.paymentId)
        break
      case 'settlement.payment.made.v1':
        this.#made(event.data.paymentId)
        break
    }
  }

  /** It has moved, though the log does not say so yet: what begins from now on is not explained by it. */
  moved(paymentId: string): void {
    const open = this.#open.get(paymentId)
    if (open !== undefined) open.hasMoved = true
  }

  /** What payments that were made may have moved since this one's attempt began, and whether others are open. */
  since(paymentId: string): { paid: bigint; othersOpen: boolean } {
    const open = this.#open.get(paymentId)
    const explaining = this.#paid.filter((paid) => open !== undefined && mayExplain(paid, open))
    const others = [...this.#open.keys()].filter((id) => id !== paymentId)
    return { paid: explaining.reduce((sum, { amount }) => sum + amount, 0n), othersOpen: others.length > 0 }
  }

  #begin(paymentId: string): void {
    this.#number += 1
    const others = [...this.#open].filter(([id, { hasMoved }]) => id !== paymentId && !hasMoved)
    this.#open.set(paymentId, {
      number: this.#number,
      amount: this.#amounts.get(paymentId) ?? 0n,
      hasMoved: false,
      openThen: new Set(others.map(([id]) => id)),
    })
  }

  #made(paymentId: string): void {
    const made = this.#open.get(paymentId)
    this.#amounts.delete(paymentId)
    if (made === undefined) return
    this.#open.delete(paymentId)
    const paid = [...this.#paid, { paymentId, number: made.number, amount: made.amount }]
    const open = [...this.#open.values()]
    this.#paid = paid.filter((one) => open.some((other) => mayExplain(one, other)))
  }
}

function mayExplain({ paymentId, number }: Paid, open: Open): boolean {
  return number > open.number || open.openThen.has(paymentId)
}
