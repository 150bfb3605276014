/**
 * What this node uses of raiden-ts, with its types: the one place that loads it. The package declares types that compile only with its own
 * settings, and parts are reached by deep imports that its entry does not offer: composing the root epic (dist:cjs/epics.js and the
 * epics of each module), the root reducer, three action creators, and the view of a transfer. Hence one exact version, asserted here.
 */
import { createRequire } from 'node:module'
import type { BigNumber, providers, Wallet } from 'ethers'
import type { AsyncSubject, BehaviorSubject, Observable } from 'rxjs'

export const SDK_VERSION = '3.1.1'

export type Action = { type: string; payload?: unknown; meta?: unknown }
export type Epic = (action$: Observable<Action>, state$: Observable<State>, deps: Deps) => Observable<Action>
export type Reducer = (state: State | undefined, action: Action) => State

/** Messages of a transfer as far as they are there; each makes it go one step (dist/transfers/state.d.ts). */
export type TransferState = {
  _id: string
  direction: 'sent' | 'received'
  secrethash: string
  expiration: number
  partner: string
  secret?: string
  transfer: { transferred_amount: BigNumber; lock: { amount: BigNumber } }
  unlock?: { ts: number }
  expired?: { ts: number }
  unlockProcessed?: { ts: number }
  secretRegistered?: { ts: number }
  channelClosed?: { ts: number }
  channelSettled?: { ts: number }
}

export type State = {
  address: string
  blockNumber: number
  /** Token to token network, of those monitored. */
  tokens: Record<string, string>
  transfers: Record<string, TransferState>
  channels: Record<string, ChannelRecord>
}

/** A channel as the SDK's state holds it. */
export type ChannelRecord = {
  state: ChannelState
  tokenNetwork: string
  partner: { address: string; nextNonce: BigNumber }
  closeParticipant?: string
}

export type Transfer = {
  key: string
  secrethash: string
  direction: 'sent' | 'received'
  initiator: string
  target: string
  partner: string
  token: string
  tokenNetwork: string
  paymentId: BigNumber
  channelId: BigNumber
  value: BigNumber
  amount: BigNumber
  changedAt: Date
  success: boolean | undefined
  completed: boolean
  secret?: string
}

export type ChannelState = 'open' | 'closing' | 'closed' | 'settleable' | 'settling' | 'settled'

export type Channel = {
  state: ChannelState
  id: number
  token: string
  tokenNetwork: string
  partner: string
  capacity: BigNumber
  partnerCapacity: BigNumber
  ownDeposit: BigNumber
  ownWithdraw: BigNumber
  ownWithdrawable: BigNumber
}

export type ContractsInfo = Record<
  | 'TokenNetworkRegistry'
  | 'ServiceRegistry'
  | 'UserDeposit'
  | 'SecretRegistry'
  | 'MonitoringService'
  | 'OneToN',
  { address: string; block_number: number }
>

export type Database = {
  busy$: BehaviorSubject<boolean>
  allDocs(options?: object): Promise<unknown>
  bulkDocs(docs: { _id?: string }[], ...rest: unknown[]): Promise<object[]>
  get(id: string): Promise<TransferState>
}

export type MatrixClient = {
  sendToDevice(type: string, messages: Record<string, Record<string, { body: string }>>): Promise<unknown>
}

export type Deps = {
  db: Database
  config$: Observable<Config>
  matrix$: AsyncSubject<MatrixClient> | Observable<MatrixClient>
  provider: providers.JsonRpcProvider
  secretRegistryContract: { getSecretRevealBlockTime(secrethash: string): Promise<BigNumber> }
}

export type Config = {
  pollingInterval: number
  httpTimeout: number
  revealTimeout: number
  confirmationBlocks: number
}

export type Path = { path: string[]; fee: string; address_metadata?: object }

export type SdkError = Error & { details?: Record<string, unknown>; code?: string }

/** An instance of the SDK's `Raiden` (dist/raiden.d.ts). */
export type Raiden = {
  readonly state: State
  readonly started: boolean | undefined
  readonly synced: Promise<unknown>
  readonly action$: Observable<Action>
  readonly channels$: Observable<Record<string, Record<string, Channel>>>
  readonly config: Config
  readonly settleTimeout: number
  readonly contractsInfo: ContractsInfo
  start(): Promise<void>
  stop(): Promise<void>
  getBalance(address?: string): Promise<BigNumber>
  getTokenBalance(token: string): Promise<BigNumber>
  getTokenList(rescan: boolean): Promise<string[]>
  userDepositTokenAddress(): Promise<string>
  monitorToken(token: string): Promise<string>
  registerToken(token: string): Promise<string>
  mint(token: string, amount: string, to: { to: string }): Promise<string>
  getAvailability(address: string): Promise<{ available: boolean }>
  openChannel(token: string, partner: string, options: { deposit?: string }): Promise<string>
  depositChannel(token: string, partner: string, amount: string): Promise<string>
  withdrawChannel(token: string, partner: string, amount: string): Promise<string>
  closeChannel(token: string, partner: string): Promise<string>
  settleChannel(token: string, partner: string): Promise<string>
  getTransfers(filter?: object, options?: object): Promise<Transfer[]>
  transfer(
    token: string,
    target: string,
    value: string,
    options: {
      paymentId: string
      secret: string
      secrethash: string
      lockTimeout?: number
      paths?: Path[]
    },
  ): Promise<string>
  getUDCCapacity(): Promise<BigNumber>
  getUDCTotalDeposit(): Promise<BigNumber>
  depositToUDC(amount: string): Promise<string>
  getUDCWithdrawPlan(): Promise<{ amount: BigNumber; withdrawableAfter: number; ready: boolean } | undefined>
  planUDCWithdraw(amount: string): Promise<string>
  withdrawFromUDC(amount: string): Promise<string>
}

type RaidenClass = {
  version: string
  contractVersion: string
  new (state: State, deps: Deps, epic: Epic, reducer: Reducer): Raiden
  /** Of the class that it is called on. */
  create<R>(
    this: new (
      state: State,
      deps: Deps,
    ) => R,
    provider: providers.JsonRpcProvider,
    account: Wallet,
    storage: { prefix: string },
    contracts: ContractsInfo,
    config: object,
  ): Promise<R>
}

type ActionCreator = ((payload: unknown, meta?: object) => Action) & { is(action: Action): boolean }
type AsyncAction = { request: ActionCreator; success: ActionCreator; failure: ActionCreator }
export type EpicModule = Record<string, Epic>

const require = createRequire(import.meta.url)
const { version } = require('raiden-ts/package.json') as { version: string }
if (version !== SDK_VERSION)
  throw new Error(`This node is made for raiden-ts ${SDK_VERSION}, not ${version}: run npm ci in raiden/.`)

const deep = <T>(path: string): T => require(`raiden-ts/dist:cjs/${path}`) as T

export const { Raiden, ErrorCodes } = require('raiden-ts') as {
  Raiden: RaidenClass
  ErrorCodes: Record<string, string>
}
export const { combineRaidenEpics } = deep<{ combineRaidenEpics(epics: Epic[]): Epic }>('epics.js')
export const { raidenReducer } = deep<{ raidenReducer: Reducer }>('reducer.js')
export const { raidenConfigUpdate, raidenShutdown } =
  deep<Record<'raidenConfigUpdate' | 'raidenShutdown', ActionCreator>>('actions.js')
export const { messageReceived, messageSend } = deep<{
  messageReceived: ActionCreator
  messageSend: AsyncAction
}>('messages/actions.js')
export const { matrixPresence } = deep<{ matrixPresence: AsyncAction }>('transport/actions.js')
export const {
  transfer: transferAction,
  transferExpire,
  transferSigned,
  transferSecret,
} = deep<{
  transfer: AsyncAction
  transferExpire: AsyncAction
  transferSigned: ActionCreator
  transferSecret: ActionCreator
}>('transfers/actions.js')
export const { channelAmounts, channelKey } = deep<{
  channelAmounts(channel: ChannelRecord): { ownCapacity: BigNumber }
  channelKey(of: { tokenNetwork: string; partner: string }): string
}>('channels/utils.js')
/** `getTransfer` takes it out of the state, else out of the database, decoded; it throws what the database throws. */
export const { raidenTransfer, getTransfer } = deep<{
  raidenTransfer(state: TransferState): Transfer
  getTransfer(state: State, db: Database, key: string): Promise<TransferState>
}>('transfers/utils.js')

/** In the order of dist/epics.js, which is that in which they are shut down; the two of the configuration are not exported. */
export const EPIC_MODULES: readonly EpicModule[] = [
  'channels/epics/index.js',
  'transfers/epics/index.js',
  'services/epics/index.js',
  'transport/epics/index.js',
  'db/epics.js',
].map((path) => deep<EpicModule>(path))
