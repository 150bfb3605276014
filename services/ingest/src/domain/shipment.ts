/**
 * What ingest knows of one agreement: its device and parties, and per leg the keys, offers, cut and envelopes. Built from facts alone
 * (`evolve`), so that the log in its order gives the same shipment again.
 */
import { type Cut, fromHex, type Hex, type Offer, type PublicKeys, toHex } from '@consign/envelope'
import type { EnvelopeFlag } from '@consign/events'
import * as terms from '@consign/terms'
import { Coverage } from './coverage.ts'
import { LegLedger, type Link } from './ledger.ts'
import { unreachable } from './unreachable.ts'

export type CutFact = { digest: Hex; record: Cut }

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
  open?: OpenLeg
}

/** Where an agreement's envelopes are fed: SSCC of 18 digits, wallet addresses. */
export type FeedPlace = { readonly agreement: Hex; readonly sscc: string; readonly parties: readonly Hex[] }

export class Shipment implements FeedPlace {
  readonly agreement: Hex
  readonly chainId: number
  /** SSCC, 18 digits. */
  readonly sscc: string
  readonly deviceId: string
  readonly deviceKeys: PublicKeys
  /** Wallet addresses, lower case, each once. */
  readonly parties: readonly Hex[]
  readonly legs = new Map<number, Leg>()

  constructor(agreement: Hex, document: terms.Terms) {
    const device = terms.device(document)
    const general = terms.general(document)
    this.agreement = agreement
    this.chainId = Number(general.chainId)
    this.sscc = general.shipment
    this.deviceId = device.deviceId.replace(/^0x/, '')
    this.deviceKeys = {
      p256: fromHex(device.p256),
      mlDsa: fromHex(device.mlDsaKey),
      slhDsa: fromHex(device.slhDsaKey),
    }
    this.parties = partiesOf(document)
  }

  /** Envelopes held in memory. */
  get size(): number {
    let size = 0
    for (const leg of this.legs.values()) size += leg.open?.ledger.size ?? 0
    return size
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
    const cut = this.legs.get(number - 1)?.cut
    const leg = this.legs.get(number)
    if (cut === undefined || leg === undefined || leg.open !== undefined) return
    const keys = this.keysAfter(number - 1, cut.record)
    if (keys !== undefined) leg.open = openLeg(keys, cut.digest)
  }
}

/** Wallet addresses, lower case, each once. */
export function partiesOf(document: terms.Terms): Hex[] {
  return [...new Set(terms.parties(document).map((party) => party.wallet.toLowerCase() as Hex))]
}

function openLeg(keys: PublicKeys, start: Hex): OpenLeg {
  return { keys, ledger: new LegLedger(start), coverage: new Coverage() }
}
