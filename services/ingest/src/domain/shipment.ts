/**
 * What ingest knows of one agreement: its device and parties, and per leg the keys, offers, cut and envelopes. Built from facts alone
 * (`evolve`), so that the log in its order gives the same shipment again.
 */
import { type Cut, type Hex, namedKeys, type Offer, type PublicKeys, toHex } from '@consign/envelope'
import type { EnvelopeFlag } from '@consign/events'
import * as terms from '@consign/terms'
import { Coverage } from './coverage.ts'
import { LegLedger, type Link } from './ledger.ts'
import { unreachable } from './unreachable.ts'

export type CutFact = { digest: Hex; record: Cut }

/** Identity of a device; the id as 64 hex digits. */
export type Device = { deviceId: string; keys: PublicKeys }

/** The custodians ended a leg without its device, at `n` envelopes; `replacement` goes on with the goods, with keys `nextKeysHash`. */
export type ManualCutFact = {
  leg: number
  n: number
  digest: Hex
  nextKeysHash: Hex
  replacement: Device | undefined
}

/** Something authentic that the log holds. */
export type Fact =
  | { kind: 'legKeys'; leg: number; digest: Hex; keys: PublicKeys }
  | { kind: 'offer'; leg: number; digest: Hex; record: Offer }
  | { kind: 'cut'; leg: number; digest: Hex; record: Cut }
  | { kind: 'seal'; leg: number; digest: Hex }
  | { kind: 'envelope'; leg: number; link: Link; flags: EnvelopeFlag[]; cut?: CutFact }

/** Envelopes of a leg can be checked once its keys and its beginning are known. */
export type OpenLeg = { keys: PublicKeys; ledger: LegLedger; coverage: Coverage }

export type Leg = {
  /** Verified LegKeys of this leg by digest: one per offer that the device made; the cut names the one that counts. */
  readonly keys: Map<Hex, PublicKeys>
  /** Verified offers to end this leg, by digest. */
  readonly offers: Map<Hex, Offer>
  /** Digests of the device records stored for this leg. */
  readonly records: Set<Hex>
  cut?: CutFact
  manualCut?: ManualCutFact
  open?: OpenLeg
}

/** Where an agreement's envelopes are fed: SSCC of 18 digits, wallet addresses. */
export type FeedPlace = { readonly agreement: Hex; readonly sscc: string; readonly parties: readonly Hex[] }

export class Shipment implements FeedPlace {
  readonly agreement: Hex
  readonly chainId: number
  /** SSCC, 18 digits. */
  readonly sscc: string
  /** That of the terms. */
  readonly device: Device
  /** Wallet addresses, lower case, each once. */
  readonly parties: readonly Hex[]
  readonly legs = new Map<number, Leg>()

  constructor(agreement: Hex, document: terms.Terms) {
    const device = terms.device(document)
    const general = terms.general(document)
    this.agreement = agreement
    this.chainId = Number(general.chainId)
    this.sscc = general.shipment
    this.device = { deviceId: device.deviceId.slice(2), keys: namedKeys(device) }
    this.parties = partiesOf(document)
  }

  /** Envelopes held in memory. */
  get size(): number {
    let size = 0
    for (const leg of this.legs.values()) size += leg.open?.ledger.size ?? 0
    return size
  }

  /** The devices that may send: that of the terms, and each that replaced one. */
  has(deviceId: string): boolean {
    const replaced = [...this.legs.values()].some(
      ({ manualCut }) => manualCut?.replacement?.deviceId === deviceId,
    )
    return replaced || deviceId === this.device.deviceId
  }

  /** Whose leg it is; undefined when the goods go unmeasured. */
  deviceOf(leg: number): Device | undefined {
    for (let before = leg - 1; before >= 0; before--) {
      const manualCut = this.legs.get(before)?.manualCut
      if (manualCut !== undefined) return manualCut.replacement
    }
    return this.device
  }

  /** The identity that signs the keys of `leg` when it is `deviceId` that sends them; else the leg before does. */
  beginnerOf(leg: number, deviceId: string): Device | undefined {
    const beginner = leg === 0 ? this.device : this.legs.get(leg - 1)?.manualCut?.replacement
    return beginner?.deviceId === deviceId ? beginner : undefined
  }

  /** Takes the place of a cut that the device made unknown to its custodians: they say where the leg ended. */
  cutManually(fact: ManualCutFact): void {
    const leg = this.#leg(fact.leg)
    const isShown = leg.manualCut?.replacement === undefined && fact.replacement !== undefined
    if (leg.manualCut !== undefined && !isShown) return
    leg.manualCut = fact
    leg.open?.ledger.cutAt(fact.n)
    const next = this.legs.get(fact.leg + 1)
    if (next !== undefined) delete next.open
    this.#open(fact.leg + 1)
  }

  evolve(fact: Fact): void {
    const leg = this.#leg(fact.leg)
    switch (fact.kind) {
      case 'legKeys':
        leg.records.add(fact.digest)
        leg.keys.set(fact.digest, fact.keys)
        if (fact.leg === 0) leg.open ??= openLeg(fact.keys, fact.digest)
        else this.#open(fact.leg)
        return
      case 'offer':
        leg.records.add(fact.digest)
        leg.offers.set(fact.digest, fact.record)
        this.#open(fact.leg + 1)
        return
      case 'cut':
        leg.records.add(fact.digest)
        this.#cut(fact.leg, fact)
        return
      case 'seal':
        leg.records.add(fact.digest)
        return
      case 'envelope':
        if (fact.cut !== undefined) this.#cut(fact.leg - 1, fact.cut)
        leg.open?.ledger.record(fact.link, fact.flags)
        return
      default:
        unreachable(fact)
    }
  }

  /** The keys of the leg that a cut of `leg` begins, if its offer and they are known. */
  keysAfter(leg: number, cut: Cut): PublicKeys | undefined {
    const offer = this.legs.get(leg)?.offers.get(toHex(cut.offerDigest))
    return offer && this.legs.get(leg + 1)?.keys.get(toHex(offer.nextKeysHash))
  }

  #leg(number: number): Leg {
    let leg = this.legs.get(number)
    if (leg === undefined) {
      leg = { keys: new Map(), offers: new Map(), records: new Set() }
      this.legs.set(number, leg)
    }
    return leg
  }

  #cut(number: number, cut: CutFact): void {
    const leg = this.#leg(number)
    leg.cut ??= { digest: cut.digest, record: cut.record }
    leg.open?.ledger.cutAt(leg.cut.record.n)
    this.#open(number + 1)
  }

  #open(number: number): void {
    const ended = this.legs.get(number - 1)
    const leg = this.legs.get(number)
    if (ended === undefined || leg === undefined || leg.open !== undefined) return
    const { manualCut, cut } = ended
    const start = (manualCut ?? cut)?.digest
    const keys = manualCut
      ? leg.keys.get(manualCut.nextKeysHash)
      : cut && this.keysAfter(number - 1, cut.record)
    if (keys !== undefined && start !== undefined) leg.open = openLeg(keys, start)
  }
}

/** Wallet addresses, lower case, each once. */
export function partiesOf(document: terms.Terms): Hex[] {
  return [...new Set(terms.parties(document).map((party) => party.wallet.toLowerCase() as Hex))]
}

function openLeg(keys: PublicKeys, start: Hex): OpenLeg {
  return { keys, ledger: new LegLedger(start), coverage: new Coverage() }
}
