// The channel `raiden` over a node that speaks as the Python node does, with its attempts in a real log.
import { randomUUID } from 'node:crypto'
import { execute, loadState } from '@consign/eventlog'
import { memoryEventLog } from '@consign/eventlog/testing'
import { type ConsignEvent, parseEvent, subjects } from '@consign/events'
import { raidenClient } from '@consign/raiden-client'
import { startNodeDouble } from '@consign/raiden-client/testing'
import type { PayoutPlan } from '@consign/terms'
import { getAddress, type Hex } from 'viem'
import type { PaymentChannel, PaymentOrder, PaymentOutcome } from '../src/adapters/payment-channel.ts'
import { type RaidenOptions, raidenChannel } from '../src/adapters/raiden-channel.ts'
import { secretKeyOf } from '../src/adapters/raiden-secret.ts'
import { attemptJournal } from '../src/attempts.ts'
import { AttemptBook } from '../src/domain/attempt-book.ts'
import { type Payment, type SettlementCommand, settlementDecider } from '../src/domain/settlement.ts'

export const TOKEN: Hex = `0x${'0a'.repeat(20)}`
/** Over which everybody is paid. */
export const HUB: Hex = `0x${'0b'.repeat(20)}`
export const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const SUBJECT = subjects.settlement(AGREEMENT)

export type PythonScene = Awaited<ReturnType<typeof openPythonScene>>

/** Intends one payment of each amount, to a wallet of its own. */
export async function openPythonScene(amounts: readonly bigint[], changes: Partial<RaidenOptions> = {}) {
  const node = await startNodeDouble({ token: TOKEN })
  node.channels.set(getAddress(HUB), { identifier: 1, deposit: 0n, balance: 0n, locked: 0n, state: 'opened' })
  const log = memoryEventLog()
  const lines: string[] = []
  const steps: string[] = []

  const decide = (command: SettlementCommand) =>
    execute(log, settlementDecider, SUBJECT, command, {
      stamp: () => ({ id: randomUUID(), time: Date.now() }),
    })
  await decide({
    type: 'plan',
    agreement: AGREEMENT,
    shipment: '340123450000000018',
    plan: planOf(amounts),
    guaranteed: [],
    sliceBps: 10_000,
    dueAtMs: 0,
    nowMs: 0,
  })
  await decide({ type: 'intend', via: 'raiden' })

  /** As after a start: what it knows comes from the log. */
  const start = async (): Promise<PaymentChannel> => {
    const book = new AttemptBook()
    for await (const { data } of log.read([SUBJECT])) book.take(parseEvent(data))
    current.book = book
    return raidenChannel({
      client: raidenClient({ url: node.url, timeoutMs: 1000 }),
      token: TOKEN,
      secretKey: secretKeyOf(`0x${'77'.repeat(32)}`),
      attempts: attemptJournal(book, {
        log,
        now: Date.now,
        step: (name) => steps.push(name),
        onWritten: (event) => book.take(event),
      }),
      payMsMax: 300,
      quietMs: 60,
      exposureMax: 10n ** 24n,
      tokensOf: async () => node.walletTokens,
      now: Date.now,
      step: (name) => steps.push(name),
      logger: { error: (_, line) => lines.push(line) },
      ...changes,
    })
  }
  const current = { book: new AttemptBook() }

  const payments = async (): Promise<readonly Payment[]> =>
    (await loadState(log, settlementDecider, SUBJECT)).state.payments
  return {
    node,
    lines,
    steps,
    decide,
    start,
    payments,
    /** Deposits into the channel. */
    fund(amount: bigint): void {
      const channel = node.channels.get(getAddress(HUB))!
      channel.deposit += amount
      channel.balance += amount
    },
    orders: async (): Promise<PaymentOrder[]> => (await payments()).map(orderOf),
    /** Pays, and writes down what came of it, as the service does. */
    async pay(channel: PaymentChannel, order: PaymentOrder): Promise<PaymentOutcome> {
      const outcome = await channel.pay(order)
      const { paymentId } = order
      const tell = (events: readonly unknown[]) => {
        for (const event of events) current.book.take(event as ConsignEvent)
      }
      if (outcome.status === 'paid') {
        const { status: _, ...evidence } = outcome
        tell(await decide({ type: 'recordPaid', paymentId, evidence }))
      } else if (outcome.status === 'refused') {
        const { code, reason } = outcome
        tell(await decide({ type: 'refuse', paymentId, code, reason, nowMs: Date.now() }))
      }
      return outcome
    },
    close: node.close,
  }
}

function orderOf({ paymentId, wallet, amount }: Payment): PaymentOrder {
  return { agreement: AGREEMENT, paymentId: paymentId as Hex, to: wallet, amount: BigInt(amount) }
}

function planOf(amounts: readonly bigint[]): PayoutPlan {
  const payouts = amounts.map((amount, i) => ({
    party: `party ${i}`,
    wallet: `0x${String(i + 10).padStart(40, 'c')}` as Hex,
    agreed: String(amount),
    penalty: '0',
    uncollected: '0',
    paid: String(amount),
  }))
  return { payouts, awards: [], refund: '0', uncollected: '0' }
}
