/**
 * The epics of raiden-ts 3.1.1 with its defects mended. No file of the SDK is changed: `combineRaidenEpics` takes the epics that it
 * shall run, so those at fault are wrapped and the rest stay as they are. Left out are the two of the SDK's configuration, which
 * it does not export: they follow changes of `caps`, `logger` and `pollingInterval`, and here those never change.
 */
import type { BigNumber } from 'ethers'
import { asapScheduler, fromEvent, merge, type Observable } from 'rxjs'
import { filter, map, mergeMap, observeOn, takeUntil, tap, withLatestFrom } from 'rxjs/operators'
import type { Durability } from './durability.ts'
import { expiringByTheChain } from './expiring.ts'
import {
  type Action,
  channelAmounts,
  channelKey,
  EPIC_MODULES,
  type Epic,
  type MatrixClient,
  matrixPresence,
  messageReceived,
  messageSend,
  raidenConfigUpdate,
  raidenShutdown,
  type State,
  transferAction,
  transferSecret,
  transferSigned,
} from './raiden-ts.ts'

const REPEAT_MS_MIN = 2_000
const REPEAT_MS_MAX = 10_000
/** Four messages for each of 160 payments under way in both directions; one that is forgotten waits a little longer. */
const NOTED_MESSAGES_MAX = 2_048
/** 160 payments can be under way in a channel (Raiden's bound), each with a lock and an unlock: 320, with room. */
const EARLY_MESSAGES_MAX = 512

type Numbered = Action & {
  payload: { message: { nonce: BigNumber; token_network_address: string } }
  meta: { address: string }
}

export const OVERSPENT = 'The channel does not hold that much any more.'

type Signed = {
  type: string
  payload: { message: { token_network_address: string; lock: { amount: BigNumber } }; partner: string }
  meta: { secrethash: string; direction: 'sent' | 'received' }
}

/** All epics to run. Throws when one that is to be mended is not there. */
export function mendedEpics(durability: Durability): Epic[] {
  const epics = new Map<string, Epic>()
  for (const module of EPIC_MODULES) for (const [name, epic] of Object.entries(module)) epics.set(name, epic)
  mend(epics, 'matrixMonitorPresenceEpic', answeringEveryRequest)
  mend(epics, 'matrixMessageReceivedEpic', receivingInOrder)
  mend(epics, 'matrixMessageSendEpic', (original) => sendingWhatIsDurable(original, durability))
  mend(epics, 'transferRetryMessageEpic', repeatingSlowly)
  mend(epics, 'transferGenerateAndSignEnvelopeMessageEpic', spendingWhatIsThere)
  mend(epics, 'transferAutoExpireEpic', () => expiringByTheChain)
  return [...epics.values(), savingEpic(durability), loggedOutEpic]
}

function mend(epics: Map<string, Epic>, name: string, wrap: (original: Epic) => Epic): void {
  const original = epics.get(name)
  if (!original) throw new Error(`raiden-ts has no ${name}: this node was made for raiden-ts 3.1.1.`)
  epics.set(name, wrap(original))
}

/**
 * The presence of a partner is asked for before each message. The original drops a request while one for the same address is under way
 * (exhaustMap), and it still counts as under way while its answer is being delivered: a request made in reaction to that answer is
 * dropped and nobody answers it, so that its payment and all after it hang. Each request gets a turn of its own: what is dropped then is
 * answered by the one under way.
 */
function answeringEveryRequest(original: Epic): Epic {
  const isRequest = (action: Action) => matrixPresence.request.is(action)
  return (action$, state$, deps) => {
    const requests$ = action$.pipe(filter(isRequest), observeOn(asapScheduler))
    return original(merge(action$.pipe(filter((action) => !isRequest(action))), requests$), state$, deps)
  }
}

/**
 * A message to a partner leaves only when the state that it rests on is on disk: that of the moment in which the SDK first asked for it to be
 * sent. What changed since then is the business of later messages.
 */
function sendingWhatIsDurable(original: Epic, durability: Durability): Epic {
  return (action$, state$, deps) => {
    const restsOn = new Map<string, number>()
    const noted$ = action$.pipe(
      tap((action) => {
        if (!messageSend.request.is(action)) return
        const { msgId } = action.meta as { msgId: string }
        if (!restsOn.has(msgId)) restsOn.set(msgId, durability.now())
        if (restsOn.size > NOTED_MESSAGES_MAX) restsOn.delete(restsOn.keys().next().value!)
      }),
    )
    const matrix$ = deps.matrix$.pipe(
      map(
        (matrix): MatrixClient => ({
          async sendToDevice(type, messages) {
            await Promise.all(messageIds(messages).map((id) => durability.flushed(restsOn.get(id))))
            return matrix.sendToDevice(type, messages)
          },
        }),
      ),
    )
    return original(noted$, state$, { ...deps, matrix$ })
  }
}

/** Of what is handed to `sendToDevice`: partner to device to a body with a message in each line. */
function messageIds(messages: Record<string, Record<string, { body: string }>>): string[] {
  return Object.values(messages)
    .flatMap((devices) => Object.values(devices))
    .flatMap(({ body }) => body.split('\n'))
    .map((line) => /"(?:delivered_)?message_identifier":\s*"?(\d+)/.exec(line)?.[1] ?? '')
}

/**
 * Transfers, unlocks and withdrawals are numbered; the original throws away each that is ahead of its turn, until it is sent again. They are
 * ahead easily: the lines of events that arrive together are taken in turn, one of each; and when one message was lost with a killed
 * process, so are all that follow it. Here what is ahead is kept until its turn comes.
 */
function receivingInOrder(original: Epic): Epic {
  return (action$, state$, deps) => {
    const early = new Map<string, Numbered>()
    const received$ = original(action$, state$, deps).pipe(
      withLatestFrom(state$),
      filter(([action, state]) => {
        if (!isNumbered(action) || !isEarly(action, state)) return true
        const { nonce, token_network_address: tokenNetwork } = action.payload.message
        if (early.size < EARLY_MESSAGES_MAX)
          early.set(`${tokenNetwork} ${action.meta.address} ${nonce}`, action)
        return false
      }),
      map(([action]) => action),
    )
    const released$ = state$.pipe(
      filter(() => early.size > 0),
      mergeMap((state) => {
        const due = [...early].filter(([, action]) => !isEarly(action, state))
        for (const [key] of due) early.delete(key)
        return due.map(([, action]) => action)
      }),
    )
    return merge(received$, released$)
  }
}

function isEarly({ payload, meta }: Numbered, state: State): boolean {
  const { nonce, token_network_address: tokenNetwork } = payload.message
  const channel = state.channels[channelKey({ tokenNetwork, partner: meta.address })]
  return channel !== undefined && nonce.gt(channel.partner.nextNonce)
}

function isNumbered(action: Action): action is Numbered {
  const { message } = (action.payload ?? {}) as Partial<Numbered['payload']>
  return messageReceived.is(action) && message !== undefined && 'nonce' in message
}

/**
 * A message that is not answered is sent again after the interval at which the chain is asked, then after longer and longer ones. On a
 * busy machine an answer takes longer than that, and each repetition makes both sides busier. A homeserver delivers what it has taken, so
 * repetition is for what a crash lost, and can wait.
 */
const repeatingSlowly =
  (original: Epic): Epic =>
  (action$, state$, deps) => {
    const config$ = deps.config$.pipe(
      map((config) => ({ ...config, pollingInterval: REPEAT_MS_MIN, httpTimeout: REPEAT_MS_MAX / 2 })),
    )
    return original(action$, state$, { ...deps, config$ })
  }

/**
 * A path is chosen by the capacity of that moment, and when it comes to signing the SDK does not look again: payments at the same time
 * can sign more than the channel holds. The partner refuses such a transfer and, as it used up a nonce, all that follow. A signed
 * transfer beyond the capacity is dropped here before the state knows of it: no nonce is used, nothing leaves.
 */
function spendingWhatIsThere(original: Epic): Epic {
  return (action$, state$, deps) => {
    const refused = new Set<string>()
    const answerTo = (action: Action, state: State): Action[] => {
      if (transferSigned.is(action) && isOverspending(action as Signed, state)) {
        const { meta } = action as Signed
        refused.add(meta.secrethash)
        return [transferAction.failure(new Error(OVERSPENT), meta)]
      }
      if (transferSecret.is(action) && refused.delete((action as Signed).meta.secrethash)) return []
      return [action]
    }
    return original(action$, state$, deps).pipe(
      withLatestFrom(state$),
      mergeMap(([action, state]) => answerTo(action, state)),
    )
  }
}

function isOverspending({ payload, meta }: Signed, state: State): boolean {
  const { message, partner } = payload
  const channel = state.channels[channelKey({ tokenNetwork: message.token_network_address, partner })]
  return (
    meta.direction === 'sent' &&
    channel !== undefined &&
    channelAmounts(channel).ownCapacity.lt(message.lock.amount)
  )
}

/**
 * A change that comes between the last look of the persister for changes and its saying that it is done would stay in memory until the
 * next one. This makes the next one: a setting set to what it is.
 */
function savingEpic(durability: Durability): Epic {
  return (action$, _state$, { db }) =>
    db.busy$.pipe(
      filter((isBusy) => !isBusy && durability.isBehind()),
      map(() => raidenConfigUpdate({ fallbackIceServers: [] })),
      observeOn(asapScheduler),
      takeUntil(ended(action$)),
    )
}

/** A homeserver that was set up anew knows no session of before; the SDK would stay deaf. It ends instead, and is started again. */
const loggedOutEpic: Epic = (action$, _state$, { matrix$ }) =>
  matrix$.pipe(
    mergeMap((matrix) => fromEvent(matrix as never, 'Session.logged_out')),
    map(() => raidenShutdown({ reason: new Error('the homeserver has forgotten the session of this node') })),
    takeUntil(ended(action$)),
  )

/** Emits when the SDK shuts down. */
function ended(action$: Observable<Action>): Observable<Action> {
  return action$.pipe(filter((action) => raidenShutdown.is(action)))
}
