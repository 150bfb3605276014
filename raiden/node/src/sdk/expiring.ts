/**
 * Ends locks of ours whose time is over, in place of the SDK's transferAutoExpireEpic (raiden-ts 3.1.1, dist/transfers/epics/expire.js). That one goes
 * by this machine's clock alone: a second after the lock's time it calls the payment failed, ten seconds later it takes the lock back. But whoever
 * knows the secret may have registered it on chain in time, and this node has not seen that yet, because the machine is busy or the Ethereum node was
 * away: the payment has succeeded, who is told otherwise pays again, and the partner refuses the message that takes the lock back and all after it.
 *
 * Here the chain is asked. A lock is over when a confirmed block has reached its time and the secret was not registered before it
 * (TokenNetwork.getLockedAmountFromLock). While the chain cannot tell, the lock stays.
 */
import { defer, firstValueFrom, type Observable, of, timer } from 'rxjs'
import {
  distinctUntilChanged,
  endWith,
  exhaustMap,
  filter,
  first,
  groupBy,
  ignoreElements,
  map,
  mergeMap,
  mergeWith,
  retry,
  takeUntil,
} from 'rxjs/operators'
import {
  type Action,
  type Deps,
  type Epic,
  ErrorCodes,
  type TransferState,
  transferAction,
  transferExpire,
} from './raiden-ts.ts'

const ASK_AGAIN_MS = 2_000

/** Emits transfer/failure for each lock that is over, and transfer/expire/request, which takes it back while the channel is open. */
export const expiringByTheChain: Epic = (_action$, state$, deps) => {
  const sent$ = state$.pipe(
    map(({ transfers }) => transfers),
    distinctUntilChanged(),
    mergeMap((transfers) => Object.values(transfers)),
    filter(({ direction }) => direction === 'sent'),
  )
  const whenGone = (key: string) => state$.pipe(filter(({ transfers }) => !(key in transfers)))
  return sent$.pipe(
    groupBy(({ _id }) => _id, { duration: ({ key }) => whenGone(key) }),
    mergeMap((states$) =>
      states$.pipe(
        distinctUntilChanged(),
        exhaustMap((transfer) => whenOver(transfer, deps).pipe(mergeMap(() => of(...endingOf(transfer))))),
        takeUntil(states$.pipe(filter(hasEnded), mergeWith(whenGone(states$.key)))),
      ),
    ),
    takeUntil(state$.pipe(ignoreElements(), endWith(true))),
  )
}

function hasEnded({ unlock, expired, secretRegistered, channelSettled }: TransferState): boolean {
  return [unlock, expired, secretRegistered, channelSettled].some((step) => step !== undefined)
}

function endingOf({ secrethash }: TransferState): Action[] {
  const meta = { secrethash, direction: 'sent' }
  return [
    transferAction.failure(new Error(ErrorCodes.XFER_EXPIRED), meta),
    transferExpire.request(undefined, meta),
  ]
}

/** Emits once when the lock is over. For one whose secret was registered in time it never does: the SDK sees the event, and that ends the transfer. */
function whenOver({ secrethash, expiration }: TransferState, deps: Deps): Observable<true> {
  return timer(new Date((expiration + 1) * 1_000)).pipe(
    mergeMap(() => timer(0, ASK_AGAIN_MS)),
    exhaustMap(() => defer(() => isOver(secrethash, expiration, deps))),
    retry({ delay: ASK_AGAIN_MS }),
    first((over) => over),
    map(() => true as const),
  )
}

async function isOver(secrethash: string, expirationS: number, deps: Deps): Promise<boolean> {
  const { confirmationBlocks } = await firstValueFrom(deps.config$)
  const confirmed = (await deps.provider.getBlockNumber()) - confirmationBlocks
  const { timestamp } = await deps.provider.getBlock(Math.max(confirmed, 0))
  if (timestamp < expirationS) return false
  // Asked after the block: what is registered later is too late.
  const registeredS = (await deps.secretRegistryContract.getSecretRevealBlockTime(secrethash)).toNumber()
  return registeredS === 0 || registeredS >= expirationS
}
