import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:tls'
import {
  cutDigest,
  type Envelope,
  encodeFrame,
  encodeSignedReceipt,
  type Frame,
  type Hex,
  type KeySet,
  legKeysDigest,
  native,
  offerDigest,
  openReceiverSession,
  type PublicKeys,
  parseEnvelope,
  parseFrame,
  type Receipt,
  type Session,
  sealDigest,
  signReceipt,
  toHex,
  verifyCut,
  verifyEnvelope,
  verifyLegKeys,
  verifyOffer,
  verifySeal,
} from '@consign/envelope'
import { Aedes, type AedesPublishPacket, type Client } from 'aedes'
import { AGREEMENT, CHAIN_ID } from './rig.ts'

export type TestIngestOptions = {
  tls: { caFile: string; certificateFile: string; keyFile: string }
  sessionPrivate: Uint8Array
  receiptKeys: KeySet
  device: PublicKeys
  deviceId: string
}

/**
 * What a device needs of ingest, on real parts: MQTT over TLS 1.3 with post-quantum key exchange, sessions, every signature verified, signed
 * receipts. It keeps what came in memory, and notes as `problems` whatever a correct device never does.
 */
export class TestIngest {
  port = 0
  readonly envelopes: Envelope[] = []
  readonly records: Frame['kind'][] = []
  readonly problems: string[] = []
  connections = 0
  pulls = 0
  /** Without it everything is stored but nothing receipted. */
  isReceipting = true
  /** Status of the receipts for envelopes; parked ones are stored at the first pull after it is `stored` again. */
  status: Receipt['status'] = 'stored'
  readonly #o: TestIngestOptions
  readonly #accepts: Uint8Array[] = []
  readonly #pending: Receipt[] = []
  readonly #keys = new Map<number, PublicKeys>()
  readonly #seen = new Set<Hex>()
  /** Of a device that replaces another one, a later one. */
  firstLeg = 0
  #session: Session | undefined
  #tail: Promise<void> = Promise.resolve()
  #broker!: Aedes
  #server!: Server

  private constructor(options: TestIngestOptions) {
    this.#o = options
  }

  static async start(options: TestIngestOptions): Promise<TestIngest> {
    const ingest = new TestIngest(options)
    await ingest.#listen()
    return ingest
  }

  async #listen(): Promise<void> {
    const { tls, deviceId } = this.#o
    this.#broker = await Aedes.createBroker()
    this.#broker.authorizePublish = (client, packet, done) => {
      this.#tail = this.#tail
        .then(() => this.#receive(client, packet as AedesPublishPacket))
        .then(
          () => done(null),
          (error: Error) => {
            this.problems.push(error.message)
            done(null)
          },
        )
    }
    this.#broker.authenticate = (client, _user, _password, done) => done(null, client.id === deviceId)
    const secure = {
      ca: readFileSync(tls.caFile),
      cert: readFileSync(tls.certificateFile),
      key: readFileSync(tls.keyFile),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3' as const,
      ecdhCurve: 'X25519MLKEM768',
    }
    this.#server = createServer(secure, this.#broker.handle)
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.port = (this.#server.address() as { port: number }).port
  }

  /** Hands an acceptance to the device, now and after each connect. */
  async accept(bytes: Uint8Array): Promise<void> {
    this.#accepts.push(bytes)
    await this.#down(encodeFrame('accept', bytes))
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#broker.close(resolve))
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #receive(_client: Client | null, packet: AedesPublishPacket): Promise<void> {
    const message = new Uint8Array(packet.payload as Buffer)
    if (packet.topic !== `consign/${this.#o.deviceId}/up`) return
    if (message[0] === 0) {
      this.connections++
      this.#session = await openReceiverSession(this.#o.sessionPrivate, this.#o.deviceId, message)
      return
    }
    if (!this.#session) throw new Error('a message came before hello')
    const frame = parseFrame(this.#session.open(message))
    if (frame.kind === 'pull') return this.#pull()
    if (frame.kind !== 'envelope' && this.#isNew(frame)) this.records.push(frame.kind)
    await this.#store(frame)
  }

  async #pull(): Promise<void> {
    this.pulls++
    for (const bytes of this.#accepts) await this.#down(encodeFrame('accept', bytes))
    if (!this.isReceipting || this.status === 'parked') return
    for (const receipt of this.#pending.splice(0)) await this.#sendReceipt({ ...receipt, status: 'stored' })
  }

  async #store(frame: Frame): Promise<void> {
    const ref = { chainId: CHAIN_ID, agreement: AGREEMENT }
    if (frame.kind === 'envelope') {
      const envelope = parseEnvelope(frame.bytes)
      const { leg, seq } = envelope.header
      await verifyEnvelope(native, this.#keysOf(leg), envelope)
      this.#keep(envelope)
      const range = { fromSeq: 0, seq, digest: envelope.digest }
      return this.#receipt({ ...ref, leg, kind: 'envelope', status: this.status, ...range })
    }
    const { leg, digest } = await this.#verifyRecord(frame)
    return this.#receipt({ ...ref, leg, kind: 'record', status: 'stored', fromSeq: 0, seq: 0, digest })
  }

  async #verifyRecord(frame: Frame): Promise<{ leg: number; digest: Uint8Array }> {
    switch (frame.kind) {
      case 'legKeys': {
        const { leg } = frame.signed.record
        const signer = leg === this.firstLeg ? this.#o.device : this.#keysOf(leg - 1)
        this.#keys.set(leg, await verifyLegKeys(native, signer, frame.signed))
        return { leg, digest: legKeysDigest(frame.signed.record) }
      }
      case 'offer':
        await verifyOffer(native, this.#keysOf(frame.signed.record.leg), frame.signed)
        return { leg: frame.signed.record.leg, digest: offerDigest(frame.signed.record) }
      case 'cut':
        await verifyCut(native, this.#keysOf(frame.signed.record.leg), frame.signed)
        return { leg: frame.signed.record.leg, digest: cutDigest(frame.signed.record) }
      case 'seal':
        await verifySeal(native, this.#keysOf(frame.signed.record.leg), frame.signed)
        return { leg: frame.signed.record.leg, digest: sealDigest(frame.signed.record) }
      default:
        throw new Error(`a device sent a frame ${frame.kind}`)
    }
  }

  #keep(envelope: Envelope): void {
    const { leg, seq } = envelope.header
    const own = this.envelopes.filter(({ header }) => header.leg === leg)
    const known = own.find(({ header }) => header.seq === seq)
    if (known) {
      if (toHex(known.digest) !== toHex(envelope.digest)) this.problems.push(`two versions of ${leg}/${seq}`)
      return
    }
    if (seq !== own.length) this.problems.push(`${leg}/${seq} came after ${own.length} envelopes of its leg`)
    const before = own.at(-1)
    if (before && toHex(before.digest) !== toHex(envelope.header.previous))
      this.problems.push(`${leg}/${seq} breaks the chain`)
    this.envelopes.push(envelope)
  }

  #keysOf(leg: number): PublicKeys {
    const keys = this.#keys.get(leg)
    if (!keys) throw new Error(`something of leg ${leg} came before its keys`)
    return keys
  }

  #isNew(frame: Frame): boolean {
    const name = toHex(frame.bytes)
    if (this.#seen.has(name)) return false
    this.#seen.add(name)
    return true
  }

  async #receipt(receipt: Receipt): Promise<void> {
    if (!this.isReceipting || receipt.status === 'parked') this.#pending.push(receipt)
    if (this.isReceipting) await this.#sendReceipt(receipt)
  }

  async #sendReceipt(receipt: Receipt): Promise<void> {
    const signed = await signReceipt(native, this.#o.receiptKeys, receipt)
    await this.#down(encodeFrame('receipt', encodeSignedReceipt(signed)))
  }

  async #down(frame: Uint8Array): Promise<void> {
    if (!this.#session) return
    const payload = Buffer.from(this.#session.seal(frame))
    const packet = {
      cmd: 'publish',
      topic: `consign/${this.#o.deviceId}/down`,
      payload,
      qos: 1,
      dup: false,
      retain: false,
    } as const
    await new Promise<void>((resolve) => this.#broker.publish(packet, () => resolve()))
  }
}
