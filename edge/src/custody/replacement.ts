import {
  type CryptoProvider,
  decodeSignedLegKeys,
  type Hex,
  type KeySet,
  legKeysDigest,
  Refusal,
  toHex,
} from '@consign/envelope'
import {
  type ManualCut,
  type PartyClause,
  type PartySignature,
  parties,
  partyByWallet,
  payer,
  type Terms,
  termsHash,
  verifyManualCut,
} from '@consign/terms'
import type { Tell } from '../events.ts'
import type { NextLeg } from '../spool/offers.ts'
import type { Spool } from '../spool/spool.ts'
import { beginLeg } from './begin-leg.ts'
import { makeLegKeys } from './leg-keys.ts'

export type SignedManualCut = {
  agreement: Hex
  manualCut: ManualCut
  fromSignature: PartySignature
  toSignature: PartySignature
}

export type ReplacementOptions = {
  spool: Spool
  terms: Terms
  crypto: CryptoProvider
  chainId: number
  agreement: Hex
  identity: KeySet
  /** The leg that ends without its device. */
  endedLeg: number
  tell: Tell
  spooled: () => void
}

/**
 * A device in the place of one that is dead or lost (P13). It makes the keys of the next leg and shows them; the custodians sign a manual cut that
 * names them, and with that it begins the leg. Who had the goods before is known to services and chain alone: here any other party of the terms will do.
 */
export class Replacement {
  readonly #o: ReplacementOptions

  constructor(options: ReplacementOptions) {
    this.#o = options
  }

  /** Shows the keys, made once, that custodians are to sign for. */
  async show(): Promise<void> {
    const { spool, crypto, chainId, agreement, identity, endedLeg, tell } = this.#o
    if (!spool.offers.nextLeg()) {
      const made = await makeLegKeys(crypto, identity, { chainId, agreement, leg: endedLeg + 1 })
      spool.offers.prepareNextLeg(made)
    }
    const { leg, legKeys } = spool.offers.nextLeg()!
    const { p256, mlDsa, slhDsa } = identity.public
    tell({
      event: 'replacement',
      leg,
      nextKeysHash: keysHashOf(legKeys),
      nextKeys: toHex(legKeys),
      device: { p256: toHex(p256), mlDsaKey: toHex(mlDsa), slhDsaKey: toHex(slhDsa) },
    })
  }

  /**
   * Begins the leg under its taker. Throws Refusal `manualCut.agreement`, `.leg`, `.termsHash`, `.nextKeys`, `.party`, `.delivered`, `.amount`, `.penaltyMax`,
   * `.signature.…`, and then has changed nothing.
   */
  async takeOver(signed: SignedManualCut): Promise<void> {
    const { spool, tell, spooled } = this.#o
    const next = spool.offers.nextLeg()!
    const taker = this.#takerOf(signed, next)
    const cutDigest = await this.#verified(signed, taker)
    const party = taker.wallet
    spool.transaction(() => {
      const digest = signed.manualCut.nextKeysHash
      spool.frames.add({ kind: 'legKeys', leg: next.leg, digest, bytes: next.legKeys })
      spool.offers.takeNextLeg()
      beginLeg(spool, { leg: next.leg, party, previous: cutDigest, keys: next.keys, startMonotonicMs: 0 })
    })
    spooled()
    tell({ event: 'tookOver', leg: next.leg, cutDigest, to: party, name: taker.name })
  }

  #takerOf({ agreement, manualCut }: SignedManualCut, next: NextLeg): PartyClause {
    const { terms, endedLeg } = this.#o
    const refuse = (code: string, message: string): never => {
      throw new Refusal(`manualCut.${code}`, message)
    }
    if (agreement !== this.#o.agreement)
      refuse('agreement', `the cut is of ${agreement}; this device goes with ${this.#o.agreement}`)
    if (manualCut.leg !== endedLeg)
      refuse('leg', `the cut ends leg ${manualCut.leg}; this device goes on after leg ${endedLeg}`)
    if (manualCut.termsHash !== termsHash(terms))
      refuse('termsHash', 'the cut names other terms than this agreement: sign these terms')
    if (manualCut.nextKeysHash !== keysHashOf(next.legKeys))
      refuse('nextKeys', `the cut is for keys ${manualCut.nextKeysHash}; sign ${keysHashOf(next.legKeys)}`)
    const taker = partyByWallet(terms, manualCut.to)
    if (taker === undefined) return refuse('party', `${manualCut.to} is no party of these terms`)
    if (taker.wallet === payer(terms).wallet)
      refuse('delivered', 'the payer takes the goods: they are delivered, and no device goes on with them')
    return taker
  }

  async #verified(signed: SignedManualCut, taker: PartyClause): Promise<Hex> {
    const { manualCut, fromSignature, toSignature } = signed
    const check = (signer: PartyClause, signature: PartySignature) =>
      verifyManualCut(this.#o.crypto, signer, taker, this.#o, manualCut, signature)
    const digest = await check(taker, toSignature)
    let refusal: unknown
    for (const from of parties(this.#o.terms).filter(({ wallet }) => wallet !== taker.wallet)) {
      try {
        return await check(from, fromSignature)
      } catch (error) {
        refusal = error
      }
    }
    throw refusal ?? new Refusal('manualCut.party', `nobody handed over ${digest}`)
  }
}

const keysHashOf = (legKeys: Uint8Array): Hex => toHex(legKeysDigest(decodeSignedLegKeys(legKeys).record))
