/**
 * Settles closed channels when their time has come, as Raiden nodes do by themselves. The clock is the wall clock, the chain's is that of its
 * last block: the first try is often too early and reverts, so it is tried again. The side that closed goes first; the other follows
 * when it did not, lest both pay for the same transaction.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@consign/runtime'
import { distinctUntilChanged, map } from 'rxjs/operators'
import { channelsOf } from './channels.ts'
import type { MendedRaiden } from './mended-raiden.ts'
import { type Channel, channelKey } from './raiden-ts.ts'

const RETRY_MS_MIN = 2_000
const RETRY_MS_MAX = 60_000
const OTHER_SIDE_FIRST_MS = 15_000

/** Until the SDK ends. */
export function settleClosedChannels(raiden: MendedRaiden, log: Logger): void {
  const underWay = new Set<number>()
  const due = (channel: Channel) => channel.state === 'settleable' || channel.state === 'settling'
  raiden.channels$
    .pipe(
      map(() => channelsOf(raiden).filter(due)),
      distinctUntilChanged((a, b) => a.length === 0 && b.length === 0),
    )
    .subscribe({
      next(channels) {
        for (const channel of channels) {
          if (underWay.has(channel.id)) continue
          underWay.add(channel.id)
          void settle(raiden, channel, log).finally(() => underWay.delete(channel.id))
        }
      },
      error: () => undefined,
    })
}

async function settle(
  raiden: MendedRaiden,
  { token, partner, tokenNetwork, id }: Channel,
  log: Logger,
): Promise<void> {
  const record = () => raiden.state.channels[channelKey({ tokenNetwork, partner })]
  const isThere = () =>
    raiden.started && channelsOf(raiden).some((one) => one.id === id && one.state !== 'settled')
  if (record()?.closeParticipant !== raiden.state.address)
    await sleep(OTHER_SIDE_FIRST_MS, undefined, { ref: false })
  for (let wait = RETRY_MS_MIN; isThere(); wait = Math.min(2 * wait, RETRY_MS_MAX)) {
    try {
      await raiden.settleChannel(token, partner)
      log.info({ channel: id, partner }, 'channel settled')
      return
    } catch (error) {
      if (isThere())
        log.info({ channel: id, partner, reason: (error as Error).message }, 'not settled yet; trying again')
    }
    await sleep(wait, undefined, { ref: false })
  }
}
