import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type KeySet, native, Refusal } from '@consign/envelope'
import type { ConsignEvent, EventData } from '@consign/events'
import {
  type AgreementDomain,
  type AgreementMessage,
  agreementAddress,
  type CompleteDraft,
  carriers,
  deviceIdentity,
  draftTerms,
  general,
  parseTermsDraft,
  parseTokens,
  partyIdentity,
  payee,
  payer,
  signAgreement,
  ssccWithCheckDigit,
  type Terms,
  termsHash,
} from '@consign/terms'
import { type Hex, hexToBytes, numberToHex } from 'viem'
import { contestOnceProven } from './contest.ts'
import { type Device, type DeviceOptions, type EdgeEvent, startDevice } from './device.ts'
import { type Identity, identityOf, keySetOf, saltOf } from './identities.ts'
import { startMobileNetwork } from './mobile-network.ts'
import type { Replay } from './options.ts'
import { PartyClient } from './party.ts'
import type { Stack } from './stack.ts'
import { registerParty } from './treasury.ts'

export const DEFAULT_TERMS = fileURLToPath(
  new URL('../../packages/terms/examples/default.json', import.meta.url),
)

export type ShipmentOptions = {
  /** Tells shipments of one stack apart. */
  name: string
  /** Tells their SSCCs apart. */
  serial: number
  draft: CompleteDraft
  replay?: Replay | undefined
  paceMs: number
  readingsPerLeg: number
  /** The leg during which the mobile network goes away for a while. */
  networkCutInLeg?: number | undefined
  /** Whoever is charged contests what is proven against it on chain. */
  contest?: boolean | undefined
  /** Signs the terms only when the device has been sending for a while. For tests: what it sends is parked until then. */
  signLate?: boolean | undefined
  /** Where the edge program kills itself the first time it runs, the second time, and so on. For tests. */
  killAt?: readonly string[] | undefined
  onEdge: (event: EdgeEvent) => void
}

export type Shipment = {
  name: string
  terms: Terms
  agreement: Hex
  sscc: string
  device: Device
  /** The end of the shifted time line of a replay. */
  nowMs: number
  /** Resolves when every party that is paid has its Raiden node, and its own channels of the payment graph. */
  channelsOpen: Promise<void>
  /** Bytes that the device sent over the mobile network, TLS handshakes included. */
  bytesUp: () => number
  stop(): Promise<void>
}

const NETWORK_CUT_MS = 4_000
const SIGN_LATE_MS = 1_000
const SERIALS = 1_000_000_000 // nine digits of an SSCC

/** Reads a `--terms` file. Refusal `demo.terms` when it is no JSON, else what the draft's parser says. */
export function readDraft(file: string): CompleteDraft {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new Refusal('demo.terms', `${file} is not JSON: ${(cause as Error).message}.`, { cause })
  }
  return parseTermsDraft(json)
}

/**
 * Tokens that each holder needs at the most, in the smallest unit: what is paid, and as much again, as a guarantee is bound until its payee
 * acknowledges; or what every party may have to pass on.
 */
export function budgetOf({ parties }: CompleteDraft): bigint {
  const amounts = parties.reduce((sum, { amountTokens }) => sum + parseTokens(amountTokens ?? 0), 0n)
  return BigInt(Math.max(2, parties.length)) * amounts || 1n
}

/** Draws the terms up for stand-in keys, so that limits that contradict each other are refused before anything is started. Refusal `terms.…`. */
export function checkTerms(draft: CompleteDraft): void {
  let numbers = 0
  const hex = (bytes: number): Hex => numberToHex(++numbers, { size: bytes })
  const parties = draft.parties.map(({ name }) => [
    name,
    { wallet: hex(20), mlDsaKey: hex(1312), slhDsaKey: hex(32) },
  ])
  const device = { p256: new Uint8Array(64), mlDsa: new Uint8Array(1312), slhDsa: new Uint8Array(32) }
  const facts = {
    chainId: 1,
    token: hex(20),
    anchorWriter: hex(20),
    parties: Object.fromEntries(parties),
    device: deviceIdentity(device, hex(20), keystoreFor(draft)),
    nowMs: Date.now(),
    shipment: ssccOf(0),
  }
  draftTerms(draft, facts, () => hexToBytes(hex(32)))
}

/** Both sides sign the terms, the device is packed, and each next custodian accepts the goods when they are offered. */
export async function startShipment(stack: Stack, options: ShipmentOptions): Promise<Shipment> {
  const dir = join(stack.dir, options.name)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const nowMs = Date.now()
  const identities = options.draft.parties.map(({ name, role }) =>
    // Apart from the names that the stack's own keys are derived from.
    role === 'payer' ? { ...stack.payer, name } : { ...identityOf(stack.seed, `party ${name}`), name },
  )
  const identity = keySetOf(stack.seed, `${options.name} device`)
  const terms = drawUpTerms(stack, options, identities, identity, nowMs)
  const termsFile = join(dir, 'terms.json')
  writeFileSync(termsFile, JSON.stringify(terms, null, 2))

  await Promise.all(identities.map((party) => registerParty(stack.anvil, stack.deployment, party)))
  const clients = await Promise.all(
    options.draft.parties.map(({ name, role }, index) => {
      const driver = role === 'carrier' ? identityOf(stack.seed, `driver of ${name}`) : undefined
      return connectParty(stack, identities[index]!, driver)
    }),
  )
  const byAddress = new Map(clients.map((client) => [lower(client.identity.wallet.address), client]))
  const signing = signingOf(stack, terms)
  const agreement = agreementAddress({ ...stack.deployment, ...signing.message })
  const sending = Promise.withResolvers<void>()
  const signed = (
    options.signLate === true ? sending.promise.then(() => sleep(SIGN_LATE_MS)) : Promise.resolve()
  ).then(() => signTerms(signing, terms, byAddress))
  const channelsOpen = signed.then(() => startNodes(stack, { agreement, terms }, identities))
  // Whoever waits for it is told; meanwhile it is nobody's unhandled rejection.
  channelsOpen.catch(() => {})
  if (options.signLate !== true) await signed
  const sscc = general(terms).shipment
  followFeeds(stack, { terms, agreement, channelsOpen }, byAddress, options)

  const network = await startMobileNetwork(stack.mqttPort)
  const onEdge = (event: EdgeEvent) => {
    options.onEdge(event)
    if (event.event === 'connected') sending.resolve()
    if (
      event.event === 'cut' &&
      options.networkCutInLeg !== undefined &&
      event.leg === options.networkCutInLeg - 1
    ) {
      network.cut()
      options.onEdge({ event: 'network', up: false })
      setTimeout(() => {
        network.restore()
        options.onEdge({ event: 'network', up: true })
      }, NETWORK_CUT_MS)
    }
  }
  const device = await startDevice(stack, {
    ...deviceOptions(stack, options, nowMs),
    identity,
    agreement,
    termsFile,
    mqttPort: network.port,
    onEvent: onEdge,
  })
  await signed
  const stop = async () => {
    await device.stop()
    await Promise.all([network.close(), ...clients.map((client) => client.close())])
  }
  return {
    name: options.name,
    terms,
    agreement,
    sscc,
    device,
    nowMs,
    channelsOpen,
    bytesUp: network.bytesUp,
    stop,
  }
}

function deviceOptions(
  stack: Stack,
  options: ShipmentOptions,
  nowMs: number,
): Pick<DeviceOptions, 'name' | 'nowMs' | 'source' | 'killAt'> {
  const { name, replay, killAt, paceMs, readingsPerLeg } = options
  const source =
    replay === undefined
      ? ({ kind: 'simulation', seed: stack.seed, paceMs, readingsPerLeg } as const)
      : ({ kind: 'replay', ...replay } as const)
  return { name, nowMs, source, killAt }
}

function drawUpTerms(
  stack: Stack,
  options: ShipmentOptions,
  identities: Identity[],
  device: KeySet,
  nowMs: number,
): Terms {
  let salts = 0
  return draftTerms(
    options.draft,
    {
      chainId: stack.deployment.chainId,
      token: stack.deployment.token,
      anchorWriter: stack.writer,
      parties: Object.fromEntries(identities.map((party) => [party.name, partyIdentity(party)])),
      device: deviceIdentity(device.public, lower(stack.payer.wallet.address), keystoreFor(options.draft)),
      nowMs,
      shipment: ssccOf(options.serial),
    },
    () => saltOf(stack.seed, options.name, salts++),
  )
}

/** Terms that charge for tampering need a device whose keys cannot be copied. The simulated one plays it; its keys are a file as ever. */
const keystoreFor = ({ tamper }: CompleteDraft) => (tamper === undefined ? 'file' : 'secureElement')

const ssccOf = (serial: number): string =>
  ssccWithCheckDigit(`3${String(4_012_345)}${String(serial % SERIALS).padStart(9, '0')}`)

/** A node for each party that is paid; who is in the middle has a settlement that opens its channels of the graph, as the organisation's opens its. */
async function startNodes(
  { raiden }: Stack,
  of: { agreement: Hex; terms: Terms },
  identities: Identity[],
): Promise<void> {
  if (raiden === undefined) return
  const paid = identities.filter(({ wallet }) => lower(wallet.address) !== payer(of.terms).wallet)
  await Promise.all(paid.map((party) => raiden.nodeOf(party)))
  await Promise.all(paid.map((party) => raiden.holdEdges(party, of)))
}

type Signing = { domain: AgreementDomain; message: AgreementMessage }

function signingOf({ deployment, payer: { wallet } }: Stack, terms: Terms): Signing {
  return {
    domain: { chainId: deployment.chainId, factory: deployment.factory },
    message: { termsHash: termsHash(terms), payer: lower(wallet.address), payee: payee(terms).wallet },
  }
}

/** `driver`: who accepts for it. */
async function connectParty(stack: Stack, party: Identity, driver?: Identity): Promise<PartyClient> {
  const its = driver && (await PartyClient.connect(driver, stack.natsUrl))
  return PartyClient.connect(party, stack.natsUrl, its)
}

async function signTerms(
  { domain, message }: Signing,
  terms: Terms,
  clients: Map<string, PartyClient>,
): Promise<void> {
  const signers = [message.payer, message.payee].map((address) => clients.get(address)!)
  const [payerSignature, payeeSignature] = await Promise.all(
    signers.map(({ identity }) => signAgreement(native, identity, domain, message)),
  )
  await signers[0]!.command('agreement', { terms, payerSignature, payeeSignature })
}

const lower = (address: Hex): Hex => address.toLowerCase() as Hex

async function acknowledge(
  { raiden, deployment: { chainId, token } }: Stack,
  client: PartyClient,
  agreement: Hex,
  payment: EventData<'settlement.payment.made.v1'>,
): Promise<unknown> {
  if (raiden === undefined) return client.acknowledge(agreement, chainId, payment)
  const own = await raiden.nodeOf(client.identity)
  return client.acknowledge(agreement, chainId, payment, { own, payer: raiden.organisation, token })
}

/**
 * Each party follows its own feed: the carriers take the goods in the order of the terms, as many as there are handovers, then the payer;
 * who is paid says so; and who is charged contests it, when it shall.
 */
function followFeeds(
  stack: Stack,
  { terms, agreement, channelsOpen }: Pick<Shipment, 'terms' | 'agreement' | 'channelsOpen'>,
  clients: Map<string, PartyClient>,
  { replay, contest, onEdge }: ShipmentOptions,
): void {
  const { chainId } = stack.deployment
  const takers = carriers(terms)
    .slice(0, replay === undefined ? undefined : replay.handovers.length)
    .map((carrier) => carrier.wallet)
  const itinerary = [...takers, lower(stack.payer.wallet.address)]
  const contested = new Set<Hex>()
  const answerOf = (
    event: ConsignEvent,
    address: string,
    client: PartyClient,
  ): Promise<unknown> | undefined => {
    if (event.type === 'custody.offered.v1' && itinerary[event.data.leg] === address)
      // Nobody takes goods before the channels are there that it will be paid over.
      return channelsOpen.then(() => client.accept(terms, agreement, chainId, event.data.offerDigest))
    if (event.type === 'settlement.payment.made.v1' && event.data.wallet === address)
      return acknowledge(stack, client, agreement, event.data)
    if (
      contest === true &&
      event.type === 'penalty.violation.charged.v1' &&
      event.data.custodian === address &&
      !contested.has(event.data.caseId)
    ) {
      const { caseId } = event.data
      contested.add(caseId)
      const charge = { rpcUrl: stack.rpcUrl, terms, agreement, caseId }
      return contestOnceProven(client.identity, charge).then(() =>
        onEdge({ event: 'contested', party: client.identity.name, caseId }),
      )
    }
  }
  for (const [address, client] of clients) {
    client.follow(general(terms).shipment, (event) => {
      answerOf(event, address, client)?.catch((error: Error) =>
        onEdge({ event: 'notAnswered', party: client.identity.name, to: event.type, reason: error.message }),
      )
    })
  }
}
