/**
 * How senders are compared: they take turns, so that a slow spell of the machine meets all, and each begins a round as often as the others, because what
 * the receiver still does for one payment meets the next.
 */
import type { Hex } from 'viem'

/** Pays `amount` of the smallest unit; resolves, when the target has it, to the ms that it took. */
export type Sender = { pay(target: Hex, amount: number): Promise<number> }
type PerSender<T> = Record<string, T>

const ROUNDS = 3
const ROUND_PAYMENTS = 40
const UNDER_WAY = 4

/** ms of each payment of each sender, one payment at a time. */
export async function oneByOne<S extends PerSender<Sender>>(
  senders: S,
  target: Hex,
  count: number,
): Promise<{ [Name in keyof S]: number[] }> {
  const ms = emptyFor(senders)
  for (let index = 0; index < count; index++)
    for (const [name, sender] of turned(entriesOf(senders), index)) ms[name].push(await sender.pay(target, 1))
  return ms
}

/** Payments per second of each sender, four under way at any time, in each of three rounds. */
export async function severalAtOnce<S extends PerSender<Sender>>(
  senders: S,
  target: Hex,
): Promise<{ [Name in keyof S]: number[] }> {
  const perSecond = emptyFor(senders)
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, sender] of turned(entriesOf(senders), round))
      perSecond[name].push((1000 * ROUND_PAYMENTS) / (await timed(() => payMany(sender, target))))
  return perSecond
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

async function payMany(sender: Sender, target: Hex): Promise<void> {
  let left = ROUND_PAYMENTS
  const payInTurn = async () => {
    while (left-- > 0) await sender.pay(target, 1)
  }
  await Promise.all(Array.from({ length: UNDER_WAY }, payInTurn))
}

export async function timed(what: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await what()
  return performance.now() - startMs
}

function turned<T>(items: readonly T[], by: number): T[] {
  const first = by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}

function entriesOf<S extends PerSender<Sender>>(senders: S): [keyof S, Sender][] {
  return Object.entries(senders)
}

function emptyFor<S extends PerSender<Sender>>(senders: S): { [Name in keyof S]: number[] } {
  return Object.fromEntries(Object.keys(senders).map((name) => [name, []])) as unknown as {
    [Name in keyof S]: number[]
  }
}
