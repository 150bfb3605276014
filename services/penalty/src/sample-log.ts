/** Logs for tests: signed envelopes and the custody events around them, as ingest and custody would have written them. */
import {
  cutDigest,
  encodeLegKeys,
  fromHex,
  type KeySet,
  keysBytes,
  legKeysDigest,
  native,
  type Reading,
  sealEnvelope,
  toHex,
} from '@consign/envelope'
import type { Recorded } from '@consign/eventlog'
import { type ConsignFact, ENVELOPE_HEADERS, encodeEvent, type Hex, subjects } from '@consign/events'
import { type CostlyClause, general, type TenderClause, type Terms } from '@consign/terms'
import { type SampleAgreement, sampleAgreement } from '@consign/terms/testing'

export const START_MS = Date.UTC(2026, 10, 1)
const SIGNATURE = { ecdsa: '0x00', mlDsa: '0x00' } as const
const ZERO: Hex = `0x${'00'.repeat(32)}`
const legKey: KeySet = native.keysFromSeed(new Uint8Array(32).fill(7))

// Keys of four parties and a device take a second to make.
let shared: SampleAgreement | undefined
const sharedSample = (): SampleAgreement => {
  shared ??= sampleAgreement()
  return shared
}

/** Temperature in milli-°C at each reading, one second apart; undefined = not measured. */
export type Temperatures = readonly (number | undefined)[]

/** `pauseMs`: silence before its first reading. `atMs`: when each reading was made, in place of pause and rhythm. `keep` false: another branch, that nothing follows. */
export type EnvelopeOptions = {
  flags?: string
  keep?: boolean
  pauseMs?: number
  everyMs?: number
  atMs?: readonly number[]
  bootId?: number
  clockState?: 0 | 1 | 2
  position?: { latitude: number; longitude: number }
}

/** The agreement of the sample's parties with these clauses in place of its limit, and of its deadline where they have one. */
export function sampleWith(...clauses: (CostlyClause | TenderClause)[]): SampleAgreement {
  const sample = sharedSample()
  const replaced = new Set(['limit.instantaneous', ...clauses.map(({ kind }) => kind)])
  const rest = sample.terms.clauses.filter(({ kind }) => !replaced.has(kind))
  return { ...sample, terms: { ...sample.terms, clauses: [...rest, ...clauses] } }
}

/** The messages of one agreement in the order in which they are told; positions are given when they are put in a log. */
export class SampleShipment {
  readonly sample: SampleAgreement
  readonly agreement: Hex
  readonly messages: Recorded[] = []
  #leg = 0
  #seq = 0
  #clockMs = 0
  #sealed = 0
  #previous: Uint8Array
  readonly #keysHash: Hex

  constructor(agreement: Hex = `0x${'a1'.repeat(20)}`, sample: SampleAgreement = sharedSample()) {
    this.sample = sample
    this.agreement = agreement
    this.#previous = legKeysDigest(encodeLegKeys({ ...this.#ref(), keys: keysBytes(legKey.public) }))
    this.#keysHash = toHex(this.#previous)
    const signed = {
      terms: this.terms,
      termsHash: ZERO,
      payerSignature: SIGNATURE,
      payeeSignature: SIGNATURE,
    }
    this.custody({ type: 'custody.agreement.signed.v1', data: { ...this.#place(), ...signed } })
  }

  get terms(): Terms {
    return this.sample.terms
  }

  wallet(name: string): Hex {
    const keys = this.sample.parties[name]
    if (keys === undefined) throw new Error(`no party ${name} in the sample`)
    return keys.wallet.address.toLowerCase() as Hex
  }

  packed(): this {
    const keysHash = this.#keysHash
    const data = {
      ...this.#place(),
      leg: 0 as const,
      custodian: this.wallet('supplier'),
      keys: '0x00' as const,
      keysHash,
    }
    return this.custody({ type: 'custody.packed.v1', data })
  }

  /** The next envelope of the leg under way. */
  async envelope(temperatures: Temperatures, options: EnvelopeOptions = {}): Promise<Recorded> {
    const { wire, digest } = await this.#seal(temperatures, options)
    if (options.keep !== false) {
      this.#previous = digest
      this.#seq += 1
    }
    return this.stored(wire, this.#leg, options.flags)
  }

  stored(wire: Uint8Array, leg: number, flags?: string): Recorded {
    const headers: Record<string, string> = flags === undefined ? {} : { [ENVELOPE_HEADERS.flags]: flags }
    return this.#push(subjects.envelope(this.agreement, leg), wire, headers)
  }

  /** Ends the leg under way; the next one is `to`'s. */
  transferred(to: string, n = this.#seq): this {
    const head = toHex(this.#previous)
    const digests = {
      offerDigest: fromHex(ZERO),
      acceptDigest: fromHex(ZERO),
      head: this.#previous,
      root: fromHex(ZERO),
    }
    const digest = cutDigest({ ...this.#ref(), n, ...digests })
    const place = { ...this.#place(), leg: this.#leg }
    const bytes = {
      cut: '0x00',
      accept: '0x00',
      offer: '0x00',
      nextKeys: '0x00',
      nextKeysHash: ZERO,
    } as const
    const moved = {
      from: this.wallet('supplier'),
      to: this.wallet(to),
      cutDigest: toHex(digest),
      n,
      head,
      root: ZERO,
    }
    this.custody({ type: 'custody.transferred.v1', data: { ...place, ...bytes, ...moved } })
    if (to === 'factory') {
      this.custody({ type: 'custody.delivered.v1', data: { ...place, to: this.wallet(to) } })
    }
    this.#leg += 1
    this.#seq = 0
    this.#previous = digest
    return this
  }

  /** The custodians end the leg under way by hand after `n` envelopes; the next one is `to`'s, and its first envelope names their cut. */
  transferredManually(from: string, to: string, n = this.#seq): this {
    const previous = new Uint8Array(32).fill(0xcc)
    const place = { ...this.#place(), leg: this.#leg }
    const said = { timeMs: START_MS, amount: '0', penaltyMax: '0', reasonsHash: ZERO, nextKeysHash: ZERO }
    const signatures = { cutDigest: toHex(previous), fromSignature: SIGNATURE, toSignature: SIGNATURE }
    const parties = { from: this.wallet(from), to: this.wallet(to) }
    const data = { ...place, n, ...parties, ...said, ...signatures }
    this.custody({ type: 'custody.transferred.manually.v1', data })
    if (to === 'factory') {
      this.custody({ type: 'custody.delivered.v1', data: { ...place, to: this.wallet(to) } })
    }
    this.#leg += 1
    this.#seq = 0
    this.#previous = previous
    return this
  }

  /** The device offers custody; the offer follows envelope `m` - 1. */
  offered(m = this.#seq): this {
    const bytes = { offer: '0x00', nextKeys: '0x00', offerDigest: ZERO } as const
    const data = { ...this.#place(), leg: this.#leg, m, ttlEnvelopes: 10, ...bytes }
    return this.custody({ type: 'custody.offered.v1', data })
  }

  /** The payer refuses the tender of the leg under way. */
  tenderRefused(): this {
    const said = {
      m: this.#seq,
      reasons: 'wet',
      reasonsHash: ZERO,
      refusalDigest: ZERO,
      signature: SIGNATURE,
    }
    return this.custody({
      type: 'custody.tender.refused.v1',
      data: { ...this.#place(), leg: this.#leg, ...said },
    })
  }

  windowClosed(): this {
    return this.custody({ type: 'custody.window.closed.v1', data: { ...this.#place(), dueMs: START_MS } })
  }

  custody(fact: ConsignFact): this {
    const id = `${fact.type}:${this.agreement}.${this.#leg}.${this.messages.length}`
    const event = { id, time: START_MS, ...fact }
    this.#push(subjects.custody(this.agreement), encodeEvent(event), {})
    return this
  }

  #seal(
    temperatures: Temperatures,
    { pauseMs = 0, everyMs = 1000, atMs, bootId = 0, clockState = 1, position }: EnvelopeOptions,
  ): Promise<{ wire: Uint8Array; digest: Uint8Array }> {
    const firstMs = this.#clockMs + pauseMs
    const times = atMs ?? temperatures.map((_, index) => firstMs + index * everyMs)
    const baseMonotonicMs = times[0] ?? firstMs
    this.#clockMs = (times.at(-1) ?? firstMs - everyMs) + everyMs
    this.#sealed += 1
    const readings = temperatures.map((temperature, index): Reading => {
      const values = temperature === undefined ? { humidity: 50_000 } : { temperature }
      return { monotonicMs: times[index] as number, utcMs: 0, values: { ...values, ...position } }
    })
    return sealEnvelope(native, legKey, {
      ref: this.#ref(),
      seq: this.#seq,
      previous: this.#previous,
      flags: 0,
      readings,
      seed: new Uint8Array(16).fill(this.#sealed),
      bootId: new Uint8Array(16).fill(bootId),
      baseMonotonicMs,
      baseUtcMs: START_MS + baseMonotonicMs,
      clockState,
    })
  }

  #push(subject: string, data: Uint8Array, headers: Record<string, string>): Recorded {
    const message = {
      seq: this.messages.length + 1,
      subject,
      data,
      headers,
      timeMs: START_MS + this.messages.length,
    }
    this.messages.push(message)
    return message
  }

  #place(): { agreement: Hex; shipment: string } {
    return { agreement: this.agreement, shipment: general(this.terms).shipment }
  }

  #ref(): { chainId: number; agreement: Hex; leg: number } {
    return { chainId: 31_337, agreement: this.agreement, leg: this.#leg }
  }
}

/** The same messages as a log would hold them: positions from 1, times rising. */
export const inLogOrder = (messages: readonly Recorded[]): Recorded[] =>
  messages.map((message, index) => ({ ...message, seq: index + 1, timeMs: START_MS + index }))
