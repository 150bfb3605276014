import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Accept,
  type CryptoProvider,
  deviceId,
  type Envelope,
  encodeSignedAccept,
  type Hex,
  type KeySet,
  native,
  parseEnvelope,
  type Reading,
  toHex,
} from '@consign/envelope'
import { partyByWallet, signAccept, type TermsDraft, termsHash } from '@consign/terms'
import { SAMPLE_DRAFT, type SampleAgreement, sampleAgreement } from '@consign/terms/testing'
import { Custody } from '../src/custody/custody.ts'
import { Replacement } from '../src/custody/replacement.ts'
import type { DeviceEvent } from '../src/events.ts'
import { Recorder } from '../src/record/recorder.ts'
import { Sealer } from '../src/record/sealer.ts'
import { Spool } from '../src/spool/spool.ts'

export const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
export const CHAIN_ID = 31_337
/** Identity of a device that the terms do not name. */
export const SPARE: KeySet = native.keysFromSeed(new Uint8Array(32).fill(250))
const START_MS = Date.UTC(2026, 10, 1)

export type EventOf<K extends DeviceEvent['event']> = Extract<DeviceEvent, { event: K }>

/** Recorder and custody of one device on a real spool in a folder of its own, with a clock that only tests move. */
export type Rig = {
  directory: string
  sample: SampleAgreement
  spool: Spool
  recorder: Recorder
  custody: Custody
  /** Only with `replacesLeg`; then there is no leg before it took over. */
  replacement: Replacement
  sealer: Sealer
  events: DeviceEvent[]
  clock: { ms: number; nowMs(): number }
  /** The last event of a kind. */
  last<K extends DeviceEvent['event']>(kind: K): EventOf<K>
  /** Takes readings with these temperatures, °C, a minute apart. */
  read(...temperatures: (number | undefined)[]): Promise<void>
  /** A signed acceptance of the last offer shown. */
  accept(name: string, change?: Partial<Accept>, agreement?: Hex): Promise<Uint8Array>
  envelopes(leg?: number): Envelope[]
  /** Everything again from the files, as a new process would. */
  restart(): Promise<void>
  close(): void
}

/** Computed once per name in this process: deriving SLH-DSA keys and signing with them is what these tests spend their time on. */
function remembered<T>(): (name: string, make: () => T) => T {
  const known = new Map<string, T>()
  return (name, make) => {
    const value = known.get(name) ?? make()
    known.set(name, value)
    return value
  }
}
const rememberedKeys = remembered<KeySet>()
const rememberedSignature = remembered<Promise<Uint8Array>>()
const rememberedSample = remembered<SampleAgreement>()

/** Real cryptography with the same leg keys in every rig. */
function repeatableCrypto(): CryptoProvider {
  let made = 0
  return Object.assign(Object.create(native) as CryptoProvider, {
    generateKeys: () => {
      const seed = new Uint8Array(32).fill(++made)
      return rememberedKeys(toHex(seed), () => native.keysFromSeed(seed))
    },
    slhDsaSign: (keys: KeySet, digest: Uint8Array) =>
      rememberedSignature(toHex(keys.public.slhDsa) + toHex(digest), () => native.slhDsaSign(keys, digest)),
  })
}

/** `agreed`: terms and keys made elsewhere, and the address of their agreement. */
export type RigOptions = {
  draft?: Partial<TermsDraft>
  agreed?: SampleAgreement & { agreement: Hex }
  readingsPerEnvelope?: number
  envelopeMsMax?: number
  replacesLeg?: number
  clockState?: 0 | 1
}

export async function makeRig({
  draft,
  agreed,
  readingsPerEnvelope = 4,
  envelopeMsMax = 60_000,
  replacesLeg,
  clockState = 1,
}: RigOptions = {}): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'consign-edge-'))
  const terms = { ...SAMPLE_DRAFT, ...draft }
  const made = agreed ?? rememberedSample(JSON.stringify(terms), () => sampleAgreement(terms))
  const agreement = agreed?.agreement ?? AGREEMENT
  const sample = { ...made, parties: { ...made.parties } }
  const clock = { ms: START_MS, nowMs: () => clock.ms }
  const rig = { directory, sample, events: [] as DeviceEvent[], clock } as unknown as Rig
  const crypto = repeatableCrypto()
  const open = async (): Promise<void> => {
    rig.spool = new Spool(join(directory, 'device'))
    const shared = {
      ...{
        spool: rig.spool,
        crypto,
        chainId: CHAIN_ID,
        agreement,
        terms: sample.terms,
        clock,
      },
      tell: (event: DeviceEvent) => void rig.events.push(event),
      spooled: () => {},
    }
    const fail = (error: unknown): never => {
      throw error
    }
    rig.sealer = new Sealer({ ...shared, keys: () => rig.recorder.keys(), fail })
    const bootId = new Uint8Array(16).fill(7)
    rig.recorder = new Recorder({
      ...shared,
      bootId,
      clockState,
      readingsPerEnvelope,
      envelopeMsMax,
      sealer: rig.sealer,
    })
    const own = deviceId((replacesLeg === undefined ? sample.device : SPARE).public)
    rig.custody = new Custody({ ...shared, deviceId: own, recorder: rig.recorder, sealer: rig.sealer })
    if (replacesLeg !== undefined) {
      rig.replacement = new Replacement({ ...shared, identity: SPARE, endedLeg: replacesLeg })
      if (!rig.custody.hasBegun) return rig.replacement.show()
    } else await rig.custody.begin(sample.device)
    await rig.custody.resume()
  }
  rig.last = <K extends DeviceEvent['event']>(kind: K) =>
    rig.events.findLast((event): event is EventOf<K> => event.event === kind)!
  rig.read = async (...temperatures) => {
    for (const temperature of temperatures) {
      const position = rig.spool.fact<number>('position') ?? 0
      await rig.recorder.take(readingAt(position, temperature), position)
    }
  }
  rig.accept = async (name, change = {}, forAgreement = agreement) => {
    const keys = sample.parties[name]!
    const party = partyByWallet(sample.terms, keys.wallet.address)
    const record: Accept = {
      offerDigest: rig.last('offer').offerDigest,
      party: keys.wallet.address.toLowerCase() as Hex,
      termsHash: termsHash(sample.terms),
      amount: BigInt(party?.amount ?? 0),
      penaltyMax: BigInt(party?.penaltyCap ?? 0),
      reservationsHash: `0x${'00'.repeat(32)}`,
      ...change,
    }
    return encodeSignedAccept(
      await signAccept(crypto, keys, { chainId: CHAIN_ID, agreement: forAgreement }, record),
    )
  }
  rig.envelopes = (leg) => {
    const envelopes: Envelope[] = []
    for (let frame = rig.spool.frames.after(0); frame; frame = rig.spool.frames.after(frame.id))
      if (frame.kind === 'envelope' && (leg === undefined || frame.leg === leg))
        envelopes.push(parseEnvelope(frame.bytes))
    return envelopes
  }
  rig.restart = async () => {
    await rig.sealer.drained()
    rig.spool.close()
    await open()
  }
  rig.close = () => {
    rig.spool.close()
    rmSync(directory, { recursive: true })
  }
  await open()
  return rig
}

function readingAt(position: number, temperature: number | undefined): Reading {
  const monotonicMs = position * 60_000
  const values =
    temperature === undefined ? { humidity: 50_000 } : { temperature: Math.round(temperature * 1000) }
  return { monotonicMs, utcMs: START_MS + monotonicMs, values }
}
