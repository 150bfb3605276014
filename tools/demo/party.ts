import { setTimeout as sleep } from 'node:timers/promises'
import { encodeSignedAccept, native, Refusal, type SignedDelegation } from '@consign/envelope'
import { type ConsignEvent, parseEvent, subjects } from '@consign/events'
import { raidenClient } from '@consign/raiden-client'
import {
  general,
  partyByWallet,
  partyIdentity,
  signAccept,
  signAcknowledgement,
  signDelegation,
  type Terms,
  termsHash,
} from '@consign/terms'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { type Hex, toHex, zeroHash } from 'viem'
import type { RaidenNode } from './channels.ts'
import type { Identity } from './identities.ts'

const REPLY_MS_MAX = 5_000
const DAY_MS = 86_400_000
const RETRY_PAUSE_MS = 300
const RECEIPT_PAUSE_MS = 50

/**
 * One company as a partner: it subscribes to its own feed and sends signed commands, and has no other right. A custody service that is
 * away for a moment only delays it.
 */
export class PartyClient {
  readonly identity: Identity
  private readonly connection: NatsConnection
  /** Who takes the goods for this party, with keys of its own. */
  private readonly driver: PartyClient | undefined
  private readonly accepts = new Map<Hex, Promise<unknown>>()
  /** Amounts that came in off chain, by payment. */
  private readonly received = new Map<string, bigint>()

  private constructor(identity: Identity, connection: NatsConnection, driver?: PartyClient) {
    this.identity = identity
    this.connection = connection
    this.driver = driver
  }

  static async connect(identity: Identity, natsUrl: string, driver?: PartyClient): Promise<PartyClient> {
    const connection = await connect({
      servers: natsUrl,
      name: identity.name,
      inboxPrefix: `_INBOX_${identity.wallet.address.toLowerCase()}`,
      maxReconnectAttempts: -1,
    })
    return new PartyClient(identity, connection, driver)
  }

  /** Calls `onEvent` for each event of its own feed about this shipment. */
  follow(shipment: string, onEvent: (event: ConsignEvent) => void): void {
    this.connection.subscribe(subjects.partner(this.identity.wallet.address, shipment, '>'), {
      callback: (error, message) => {
        if (error === null && !message.subject.endsWith('.envelopes')) onEvent(parseEvent(message.data))
      },
    })
  }

  /** Sends a command until it is answered. Throws the Refusal that the service gave. */
  async command(name: string, payload: unknown): Promise<unknown> {
    for (;;) {
      const reply = await this.connection
        .request(subjects.command(this.identity.wallet.address, name), JSON.stringify(payload), {
          timeout: REPLY_MS_MAX,
        })
        .catch(() => undefined)
      if (this.connection.isClosed())
        throw new Refusal('party.closed', `${this.identity.name} has left before ${name} was answered.`)
      if (reply !== undefined) {
        const answer = reply.json<{
          ok?: boolean
          error?: { code: string; message: string; retry?: boolean }
        }>()
        if (answer.error === undefined) return answer
        if (answer.error.retry !== true) throw new Refusal(answer.error.code, answer.error.message)
      }
      await sleep(RETRY_PAUSE_MS)
    }
  }

  /** Accepts an offer once, however often the offer is seen. Signatures are randomised: a second signing would be other bytes. */
  accept(terms: Terms, agreement: Hex, chainId: number, offerDigest: Hex): Promise<unknown> {
    const known = this.accepts.get(offerDigest)
    if (known !== undefined) return known
    const sending = this.signAndSend(terms, agreement, chainId, offerDigest)
    this.accepts.set(offerDigest, sending)
    return sending
  }

  private async signAndSend(
    terms: Terms,
    agreement: Hex,
    chainId: number,
    offerDigest: Hex,
  ): Promise<unknown> {
    const clause = partyByWallet(terms, this.identity.wallet.address)
    if (clause === undefined)
      throw new Refusal('party.stranger', `${this.identity.name} is not in these terms.`)
    const record = {
      offerDigest,
      party: clause.wallet,
      termsHash: termsHash(terms),
      amount: BigInt(clause.amount),
      penaltyMax: BigInt(clause.penaltyCap),
      reservationsHash: zeroHash,
    }
    const delegation = this.driver && (await this.delegateTo(this.driver.identity, clause.wallet, terms))
    const taker = this.driver ?? this
    const accept = await signAccept(native, taker.identity, { chainId, agreement }, record, delegation)
    return taker.command('accept', { agreement, accept: toHex(encodeSignedAccept(accept)) })
  }

  /** For one day and this agreement alone. */
  private delegateTo(driver: Identity, party: Hex, terms: Terms): Promise<SignedDelegation> {
    const { wallet: delegate } = partyIdentity(driver)
    const { mlDsa: mlDsaKey, slhDsa: slhDsaKey } = driver.pq.public
    const notAfterMs = Date.now() + DAY_MS
    const record = { party, delegate, mlDsaKey, slhDsaKey, scope: termsHash(terms), notAfterMs }
    return signDelegation(native, this.identity, general(terms).chainId, record)
  }

  /**
   * Says with its signature what it got off chain in all for this agreement, so that the guarantee is freed. A payment told twice counts once;
   * one over Raiden counts when its own node has received it.
   */
  async acknowledge(
    agreement: Hex,
    chainId: number,
    payment: { paymentId: string; amount: string; via: string; secretHash?: string | undefined },
    node?: { own: RaidenNode; payer: RaidenNode; token: Hex },
  ): Promise<unknown> {
    if (payment.via === 'guarantee' || this.received.has(payment.paymentId)) return
    this.received.set(payment.paymentId, BigInt(payment.amount))
    if (payment.secretHash !== undefined && node !== undefined)
      await this.untilReceived(payment.secretHash, node)
    const cumulative = [...this.received.values()].reduce((sum, amount) => sum + amount, 0n)
    const party = this.identity.wallet.address.toLowerCase() as Hex
    const where = { chainId, agreement }
    const signature = await signAcknowledgement(native, this.identity, where, { party, cumulative })
    return this.command('acknowledge', { agreement, cumulative: String(cumulative), signature })
  }

  private async untilReceived(
    secretHash: string,
    { own, payer, token }: { own: RaidenNode; payer: RaidenNode; token: Hex },
  ): Promise<void> {
    const client = raidenClient({ url: own.url })
    while (!this.connection.isClosed()) {
      const payments = await client.payments(token, payer.address).catch(() => [])
      if (payments.some((one) => one.outcome === 'received' && one.secretHash === secretHash)) return
      await sleep(RECEIPT_PAUSE_MS)
    }
  }

  async close(): Promise<void> {
    await this.driver?.close()
    await this.connection.close()
  }
}
