import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import {
  type Accept,
  deviceId,
  encodeSignedAccept,
  exportKeySet,
  generateSessionKey,
  type Hex,
  native,
  type SignedAccept,
  toHex,
} from '@consign/envelope'
import {
  generatePartyKeys,
  type PartyKeys,
  partyByWallet,
  partyIdentity,
  signAccept,
  signDelegation,
  type TermsDraft,
  termsHash,
} from '@consign/terms'
import { SAMPLE_DRAFT, type SampleAgreement, sampleAgreement } from '@consign/terms/testing'
import { createCertificateAuthority } from '../../tools/demo/certificates.ts'
import { type MobileNetwork, startMobileNetwork } from '../../tools/demo/mobile-network.ts'
import type { DeviceEvent } from '../src/events.ts'
import { AGREEMENT, CHAIN_ID, type EventOf } from './rig.ts'
import { TestIngest } from './test-ingest.ts'

const EDGE = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const DRIVER = generatePartyKeys()
const ITINERARY = ['shipper-x', 'shipper-y', 'factory']

/** The edge program as a process, started and stopped by tests. */
export type EdgeProcess = {
  child: ChildProcess
  events: DeviceEvent[]
  log: () => string
  /** Resolves with exit code or signal. */
  ended: Promise<number | string>
  /** Resolves when an event matches, now or later. */
  saw<K extends DeviceEvent['event']>(kind: K, matches?: (event: EventOf<K>) => boolean): Promise<EventOf<K>>
}

/** A device with its certificates and keys, an ingest, a network between them that can be cut, and parties that accept. */
export class World {
  readonly directory = mkdtempSync(join(tmpdir(), 'consign-world-'))
  readonly sample: SampleAgreement
  ingest!: TestIngest
  network!: MobileNetwork
  readonly #running = new Set<EdgeProcess>()
  readonly #accepts = new Map<Hex, Promise<Uint8Array>>()
  #env: Record<string, string> = {}

  private constructor(draft: Partial<TermsDraft>) {
    this.sample = sampleAgreement({ ...SAMPLE_DRAFT, ...draft })
  }

  static async make(env: Record<string, string>, draft: Partial<TermsDraft> = {}): Promise<World> {
    const world = new World(draft)
    await world.#provision(env)
    return world
  }

  get deviceDirectory(): string {
    return join(this.directory, 'device')
  }

  async #provision(env: Record<string, string>): Promise<void> {
    const { directory, sample } = this
    mkdirSync(this.deviceDirectory, { mode: 0o700 })
    const file = (name: string, text: string): string => {
      const path = join(directory, name)
      writeFileSync(path, text, { mode: 0o600 })
      return path
    }
    const own = deviceId(sample.device.public)
    const authority = await createCertificateAuthority(directory)
    const server = await authority.issueServer(directory, 'ingest')
    const client = await authority.issueDevice(directory, own)
    const session = await generateSessionKey()
    const receiptKeys = native.generateKeys()
    this.ingest = await TestIngest.start({
      tls: { caFile: authority.caFile, ...server },
      sessionPrivate: session.privateKey,
      receiptKeys,
      device: sample.device.public,
      deviceId: own,
    })
    this.network = await startMobileNetwork(this.ingest.port)
    this.#env = {
      DEVICE_DIR: this.deviceDirectory,
      MQTT_URL: `mqtts://127.0.0.1:${this.network.port}`,
      TLS_CA_FILE: authority.caFile,
      TLS_CERT_FILE: client.certificateFile,
      TLS_KEY_FILE: client.keyFile,
      IDENTITY_KEY_FILE: file('identity', toHex(exportKeySet(sample.device))),
      INGEST_SESSION_KEY_FILE: file('session.pub', toHex(session.publicKey)),
      INGEST_RECEIPT_KEY_FILE: file('receipt.pub', toHex(receiptKeys.public.mlDsa)),
      TERMS_FILE: file('terms.json', JSON.stringify(sample.terms)),
      AGREEMENT,
      CHAIN_ID: String(CHAIN_ID),
      ...env,
    }
  }

  /** Starts the program; `onOffer` decides how the next custodian's acceptance reaches the device, by default through ingest. */
  start(
    env: Record<string, string> = {},
    accepting: 'downlink' | 'camera' | 'nobody' = 'downlink',
  ): EdgeProcess {
    const child = spawn(process.execPath, [EDGE], {
      env: { PATH: process.env.PATH, CONSIGN_LOG_LEVEL: 'warn', ...this.#env, ...env },
      stdio: 'pipe',
    })
    const events: DeviceEvent[] = []
    const waiting = new Set<() => void>()
    let log = ''
    child.stderr.on('data', (chunk) => {
      log += chunk
    })
    // A write to a process that was killed meanwhile is what these tests provoke.
    child.stdin.on('error', () => {})
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as DeviceEvent
      events.push(event)
      if (event.event === 'offer' && accepting !== 'nobody') void this.#answer(event, accepting, child)
      for (const wake of waiting) wake()
    })
    const edge: EdgeProcess = {
      child,
      events,
      log: () => log,
      ended: new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal!))),
      saw: <K extends DeviceEvent['event']>(kind: K, matches: (event: EventOf<K>) => boolean = () => true) =>
        new Promise<EventOf<K>>((resolve) => {
          const look = (): void => {
            const found = events.find(
              (event): event is EventOf<K> => event.event === kind && matches(event as EventOf<K>),
            )
            if (!found) return
            waiting.delete(look)
            resolve(found)
          }
          waiting.add(look)
          look()
        }),
    }
    this.#running.add(edge)
    void edge.ended.then(() => this.#running.delete(edge))
    return edge
  }

  /** The acceptance of an offer by whoever comes next on the way, for shipper-x by its driver; always the same bytes for the same offer. */
  acceptanceOf(offer: EventOf<'offer'>): Promise<Uint8Array> {
    const known = this.#accepts.get(offer.offerDigest)
    if (known) return known
    const keys = this.sample.parties[ITINERARY[offer.leg]!]!
    const party = partyByWallet(this.sample.terms, keys.wallet.address)!
    const record = {
      offerDigest: offer.offerDigest,
      party: party.wallet,
      termsHash: termsHash(this.sample.terms),
      amount: BigInt(party.amount),
      penaltyMax: BigInt(party.penaltyCap),
      reservationsHash: `0x${'00'.repeat(32)}` as Hex,
    }
    const signed = this.#sign(keys, record, offer.leg === 0).then(encodeSignedAccept)
    this.#accepts.set(offer.offerDigest, signed)
    return signed
  }

  async #sign(party: PartyKeys, record: Accept, byDriver: boolean): Promise<SignedAccept> {
    const place = { chainId: CHAIN_ID, agreement: AGREEMENT }
    if (!byDriver) return signAccept(native, party, place, record)
    const { wallet: delegate } = partyIdentity(DRIVER)
    const { mlDsa: mlDsaKey, slhDsa: slhDsaKey } = DRIVER.pq.public
    const delegation = await signDelegation(native, party, CHAIN_ID, {
      ...{ party: record.party, delegate, mlDsaKey, slhDsaKey },
      ...{ scope: record.termsHash, notAfterMs: Date.UTC(2100, 0) },
    })
    return signAccept(native, DRIVER, place, record, delegation)
  }

  async #answer(offer: EventOf<'offer'>, channel: 'downlink' | 'camera', child: ChildProcess): Promise<void> {
    const isFirst = !this.#accepts.has(offer.offerDigest)
    const bytes = await this.acceptanceOf(offer)
    if (channel === 'camera') child.stdin!.write(`${JSON.stringify({ accept: toHex(bytes) })}\n`)
    else if (isFirst) await this.ingest.accept(bytes)
  }

  /** Rows of the device's own file, as an audit reads them. */
  query<T>(sql: string): T[] {
    const db = new DatabaseSync(join(this.deviceDirectory, 'spool.sqlite'), { readOnly: true })
    try {
      return db.prepare(sql).all() as T[]
    } finally {
      db.close()
    }
  }

  async close(): Promise<void> {
    for (const edge of this.#running) edge.child.kill('SIGKILL')
    await Promise.all([...this.#running].map(({ ended }) => ended))
    await this.network.close()
    await this.ingest.close()
    rmSync(this.directory, { recursive: true })
  }
}
