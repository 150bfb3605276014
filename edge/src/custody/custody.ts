import { randomBytes } from 'node:crypto'
import {
  type CryptoProvider,
  cutDigest,
  decodeSignedAccept,
  decodeSignedLegKeys,
  decodeSignedOffer,
  encodeSignedCut,
  encodeSignedOffer,
  equalBytes,
  fromHex,
  type Hex,
  type KeySet,
  legKeysDigest,
  NONCE_BYTES,
  offerDigest,
  signCut,
  signOffer,
  toHex,
} from '@consign/envelope'
import { step } from '@consign/runtime'
import {
  acceptDigest,
  checkNotExpired,
  partyByWallet,
  payee,
  payer,
  type Terms,
  termsHash,
  windows,
} from '@consign/terms'
import type { Tell } from '../events.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Sealer } from '../record/sealer.ts'
import type { OfferRow } from '../spool/offers.ts'
import type { Spool } from '../spool/spool.ts'
import { checkAcceptance, hasExpired } from './acceptance.ts'
import { beginLeg } from './begin-leg.ts'
import { makeLegKeys } from './leg-keys.ts'

export type CustodyOptions = {
  spool: Spool
  terms: Terms
  crypto: CryptoProvider
  chainId: number
  agreement: Hex
  /** 64 hex digits. */
  deviceId: string
  recorder: Recorder
  sealer: Sealer
  tell: Tell
  spooled: () => void
}

/**
 * Who holds the goods, as the device decides it: offer, acceptance, cut. Custody moves only by a cut, in one transaction, after the device
 * itself has verified an acceptance; whatever else arrives changes nothing. Not reentrant: one call at a time.
 */
export class Custody {
  readonly #o: CustodyOptions

  constructor(options: CustodyOptions) {
    this.#o = options
  }

  /** Custody passed to the payer: the shipment is over. */
  get isDelivered(): boolean {
    return this.#o.spool.fact('delivered') === true
  }

  /** A device that replaces another one has no leg until its custodians have cut the leg before by hand. */
  get hasBegun(): boolean {
    return this.#o.spool.legs.current() !== undefined
  }

  /** A scan asked for nothing more to be recorded until custody moves. */
  get isHolding(): boolean {
    return this.#o.spool.fact('holding') === true
  }

  /** Begins leg 0 with keys that the device's identity keys sign; nothing when it has begun. */
  async begin(identity: KeySet): Promise<void> {
    const { spool, crypto, chainId, agreement, terms, spooled } = this.#o
    if (spool.legs.current()) return
    const made = await makeLegKeys(crypto, identity, { chainId, agreement, leg: 0 })
    spool.transaction(() => {
      spool.frames.add({ kind: 'legKeys', leg: 0, digest: made.digest, bytes: made.legKeys })
      const party = payee(terms).wallet
      beginLeg(spool, { leg: 0, party, previous: made.digest, keys: made.keys, startMonotonicMs: 0 })
    })
    spooled()
  }

  /** Finishes a cut whose acceptance is stored, and shows an open offer again. */
  async resume(): Promise<void> {
    await this.#o.recorder.resume()
    if (this.isDelivered) return
    const { leg } = this.#o.recorder.leg
    if (this.#o.spool.offers.accepted(leg)) return this.#cut()
    const open = this.#openOffer()
    if (open) this.#show(open)
  }

  /**
   * Someone scans the box: shows the open offer, or makes one when there is none that still holds. `position` is where the source goes on
   * afterwards; with `hold` only once custody has moved.
   */
  async scan({ hold, position }: { hold: boolean; position?: number }): Promise<void> {
    const { spool, recorder, spooled } = this.#o
    await recorder.checkpoint()
    const open = this.#openOffer()
    const offer = open ?? (await this.#makeOffer())
    spool.transaction(() => {
      if (!open) this.#storeOffer(offer)
      if (position !== undefined) spool.setFact('position', position)
      if (hold) spool.setFact('holding', true)
    })
    step('edge.offered')
    spooled()
    this.#show(offer)
  }

  /** Whether a held scan waits for an offer that can no longer be accepted. */
  get needsNewOffer(): boolean {
    return this.isHolding && !this.#openOffer()
  }

  /** Whether exactly these bytes moved custody before. */
  hasAccepted(bytes: Uint8Array): boolean {
    const stored = this.#o.spool.offers.get(offerOf(bytes))?.accept
    return !!stored && equalBytes(stored, bytes)
  }

  /** An acceptance by whatever channel. Throws Refusal (checkAcceptance) and then has changed nothing. */
  async accept(bytes: Uint8Array): Promise<void> {
    const { spool, crypto, terms, chainId, agreement, recorder, tell } = this.#o
    const leg = recorder.leg
    const state = {
      leg: leg.leg,
      custodian: leg.party,
      newest: spool.offers.latest(leg.leg),
      n: this.#endIfCutNow(),
      utcMs: recorder.utcMs,
      isClockSet: recorder.clockState !== 0,
      legOf: (digest: Hex) => spool.offers.get(digest)?.leg,
    }
    const { signed, party, acceptDigest } = await checkAcceptance(
      crypto,
      terms,
      { chainId, agreement },
      state,
      bytes,
    )
    const { delegation } = signed
    if (delegation) {
      // Whoever checks the cut goes by the envelope before it: so that one is made while the delegation holds.
      await recorder.checkpoint({ evenEmpty: true })
      checkNotExpired(delegation.record, recorder.utcMs)
    }
    step('edge.accepted')
    const { offerDigest } = signed.record
    spool.offers.accept(offerDigest, bytes)
    tell({
      event: 'accepted',
      leg: leg.leg,
      offerDigest,
      party: party.wallet,
      name: party.name,
      acceptDigest,
      ...(delegation ? { delegate: delegation.record.delegate } : {}),
    })
    await this.#cut()
  }

  /** Ends the leg for the acceptance that is stored, and begins the next: one transaction. */
  async #cut(): Promise<void> {
    const { spool, crypto, chainId, agreement, terms, recorder, sealer, tell, spooled } = this.#o
    await recorder.checkpoint()
    const leg = recorder.leg
    const accepted = spool.offers.accepted(leg.leg)!
    const { record } = decodeSignedAccept(accepted.accept)
    await sealer.drained()
    const { sealedN } = recorder.leg
    const cut = {
      ...{ chainId, agreement, leg: leg.leg },
      offerDigest: fromHex(accepted.offerDigest),
      acceptDigest: fromHex(acceptDigest({ chainId, agreement }, record)),
      ...{ n: leg.n, head: fromHex(leg.head), root: fromHex(leg.root) },
    }
    const [signedCut, seal] = await Promise.all([
      signCut(crypto, recorder.keys(), cut),
      sealedN === leg.n ? undefined : sealer.sign(leg),
    ])
    const digest = toHex(cutDigest(cut))
    const bytes = encodeSignedCut(signedCut)
    const next = spool.offers.nextLeg()!
    const taker = partyByWallet(terms, record.party)!
    spool.transaction(() => {
      if (seal) sealer.store(seal)
      spool.frames.add({ kind: 'cut', leg: leg.leg, digest, bytes })
      spool.legs.end(leg.leg, { cutDigest: digest, cut: bytes, acceptParty: taker.wallet })
      spool.offers.takeNextLeg()
      const startMonotonicMs = recorder.sourceTime.monotonicMs
      const { leg: nextLeg, keys } = next
      beginLeg(spool, { leg: nextLeg, party: taker.wallet, previous: digest, keys, startMonotonicMs })
      recorder.closeHandover(recorder.leg)
      spool.setFact('broken', [])
      spool.clearFact('holding')
      if (taker.wallet === payer(terms).wallet) spool.setFact('delivered', true)
    })
    step('edge.cut')
    spool.scrub()
    spooled()
    tell({
      event: 'cut',
      leg: leg.leg,
      n: leg.n,
      readings: leg.readings,
      head: leg.head,
      root: leg.root,
      cutDigest: digest,
      to: taker.wallet,
      name: taker.name,
    })
    await recorder.resume()
  }

  /** The newest offer of this leg while it can still be accepted. */
  #openOffer(): OfferRow | undefined {
    const newest = this.#o.spool.offers.latest(this.#o.recorder.leg.leg)
    return newest && newest.accept === null && !hasExpired(newest, this.#endIfCutNow()) ? newest : undefined
  }

  /** Envelopes of the leg were it cut now: what is buffered makes one more, and so does a checkpoint that is wanting. */
  #endIfCutNow(): number {
    const { n, checkpointSeq } = this.#o.recorder.leg
    const buffered = this.#o.spool.readings.count()
    return n + (buffered > 0 || (n > 0 && checkpointSeq !== n - 1) ? 1 : 0)
  }

  async #makeOffer(): Promise<OfferRow> {
    const { spool, crypto, chainId, agreement, deviceId, terms, recorder, spooled } = this.#o
    const leg = recorder.leg
    if (!spool.offers.nextLeg()) {
      const made = await makeLegKeys(crypto, recorder.keys(), { chainId, agreement, leg: leg.leg + 1 })
      spool.transaction(() => {
        spool.offers.prepareNextLeg(made)
        spool.frames.add({ kind: 'legKeys', leg: made.leg, digest: made.digest, bytes: made.legKeys })
      })
      spooled()
    }
    const { record: nextKeys } = decodeSignedLegKeys(spool.offers.nextLeg()!.legKeys)
    const record = {
      ...{ chainId, agreement, leg: leg.leg, device: deviceId },
      ...{ m: leg.n, head: fromHex(leg.head) },
      nextKeysHash: legKeysDigest(nextKeys),
      nonce: new Uint8Array(randomBytes(NONCE_BYTES)),
      ttlEnvelopes: windows(terms).offerTtlEnvelopes,
    }
    const signed = await signOffer(crypto, recorder.keys(), record)
    return {
      offerDigest: toHex(offerDigest(record)),
      leg: leg.leg,
      m: record.m,
      ttlEnvelopes: record.ttlEnvelopes,
      offer: encodeSignedOffer(signed),
      accept: null,
    }
  }

  #storeOffer(offer: OfferRow): void {
    this.#o.spool.offers.add(offer)
    this.#o.spool.frames.add({ kind: 'offer', leg: offer.leg, digest: offer.offerDigest, bytes: offer.offer })
  }

  #show({ offerDigest, offer }: OfferRow): void {
    const { record } = decodeSignedOffer(offer)
    this.#o.tell({
      event: 'offer',
      leg: record.leg,
      offerDigest,
      offer: toHex(offer),
      device: `0x${this.#o.deviceId}`,
      agreement: this.#o.agreement,
      chainId: this.#o.chainId,
      termsHash: termsHash(this.#o.terms),
      m: record.m,
      head: toHex(record.head),
      nextKeysHash: toHex(record.nextKeysHash),
      nonce: toHex(record.nonce),
      ttlEnvelopes: record.ttlEnvelopes,
    })
  }
}

/** The offer that an acceptance names: its first field. */
const offerOf = (accept: Uint8Array): Hex => toHex(accept.subarray(0, 32))
