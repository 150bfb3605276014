/** Channels as the SDK has them, and one change at a time for each: a deposit and a close at once would work on what is no longer so. */
import { firstValueFrom } from 'rxjs'
import { filter, map, take, timeout } from 'rxjs/operators'
import { unavailable } from '../api/refusal.ts'
import type { MendedRaiden } from './mended-raiden.ts'
import type { Channel } from './raiden-ts.ts'

/** What waits for the chain is given up towards the caller after this; the transaction goes on, and the request can be repeated. */
export const ON_CHAIN_MS_MAX = 180_000

/** All channels that are not settled, as they are in this moment. */
export function channelsOf(raiden: MendedRaiden): Channel[] {
  let channels: Channel[] = []
  // A replayed subject: it tells its last value before `subscribe` returns.
  raiden.channels$
    .subscribe(
      (byToken) => (channels = Object.values(byToken).flatMap((byPartner) => Object.values(byPartner))),
    )
    .unsubscribe()
  return channels
}

export function channelWith(raiden: MendedRaiden, token: string, partner: string): Channel | undefined {
  return channelsOf(raiden).find((one) => one.token === token && one.partner === partner)
}

/** Waits until the channel is as asked; undefined stands for one that is settled and gone. */
export function untilChannel(
  raiden: MendedRaiden,
  token: string,
  partner: string,
  isAsAsked: (channel: Channel | undefined) => boolean,
): Promise<Channel | undefined> {
  return firstValueFrom(
    raiden.channels$.pipe(
      map((byToken) => byToken[token]?.[partner]),
      filter(isAsAsked),
      take(1),
      timeout(ON_CHAIN_MS_MAX),
    ),
    { defaultValue: undefined },
  )
}

/** The result of work on the chain, or 503 when it takes longer than a caller should wait. */
export async function onChain<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const message =
      'The chain has not taken the transaction yet; it may still. Look at the channel, then repeat the request.'
    timer = setTimeout(() => reject(unavailable(message)), ON_CHAIN_MS_MAX)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Runs what is given for one key in turn. */
export function inTurn(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work)
    last.set(key, turn)
    const forget = () => {
      if (last.get(key) === turn) last.delete(key)
    }
    turn.then(forget, forget)
    return turn
  }
}
