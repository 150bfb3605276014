/**
 * What a party holds of a shipment, in a folder: terms.json, signatures.json (payer and payee over the agreement), acknowledgements.json, and
 * frames/ with one file per frame of docs/formats.md, under whatever names. Files are checked for shape; what they prove, the chain checks.
 */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Envelope,
  equalBytes,
  offerDigest,
  parseEnvelope,
  parseFrame,
  Refusal,
  toHex,
} from '@consign/envelope'
import { type PartySignature, parseTerms, type Terms } from '@consign/terms'
import type { Hex } from 'viem'

/** The frames of one leg. Hex is what stands behind the kind of a frame, which is what argument builders take. */
export type LegFrames = {
  leg: number
  keys?: Hex
  /** By seq; of a fork the first that was read. */
  envelopes: Envelope[]
  /** Two different envelopes of one number. */
  forks: { seq: number; one: Envelope; other: Envelope }[]
  offers: { offer: Hex; digest: Hex; m: number }[]
  cuts: { cut: Hex; offerDigest: Hex; n: number }[]
  seals: { seal: Hex; n: number }[]
}

export type Frames = { legs: LegFrames[]; accepts: Map<Hex, Hex> }

export type AgreementSignatures = { payer?: PartySignature; payee?: PartySignature }
export type SignedAcknowledgement = { party: Hex; cumulative: string; signature: PartySignature }

const ENVELOPES_READ_BETWEEN_NOTES = 10_000

/** Refusal 'folder.missing', 'folder.json', 'terms.…'. */
export async function readTerms(dir: string): Promise<Terms> {
  return parseTerms(await readJson(dir, 'terms.json'))
}

/** Empty when nobody has signed. */
export async function readSignatures(dir: string): Promise<AgreementSignatures> {
  return (await readJson(dir, 'signatures.json', {})) as AgreementSignatures
}

export async function readAcknowledgements(dir: string): Promise<SignedAcknowledgement[]> {
  return (await readJson(dir, 'acknowledgements.json', [])) as SignedAcknowledgement[]
}

/** Replaces the file in one step. */
export async function writeJson(dir: string, file: string, document: unknown): Promise<void> {
  const unfinished = join(dir, `${file}.${process.pid}.tmp`)
  await writeFile(unfinished, `${JSON.stringify(document, null, 2)}\n`)
  await rename(unfinished, join(dir, file))
}

async function readJson(dir: string, file: string, fallback?: unknown): Promise<unknown> {
  const path = join(dir, file)
  let content: string
  try {
    content = await readFile(path, 'utf8')
  } catch (cause) {
    if (fallback !== undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return fallback
    throw new Refusal('folder.missing', `${path} cannot be read; check --folder`, { cause })
  }
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw new Refusal('folder.json', `${path} is not JSON; get it again`, { cause })
  }
}

/** Every frame of the folder. Refusal 'folder.missing', 'folder.frame' with file and fault. */
export async function readFrames(dir: string, progress: (line: string) => void = () => {}): Promise<Frames> {
  const place = join(dir, 'frames')
  const files = await readdir(place).catch((cause) => {
    throw new Refusal('folder.missing', `${place} cannot be read; put the frames of the shipment there`, {
      cause,
    })
  })
  const legs = new Map<number, LegFrames>()
  const accepts = new Map<Hex, Hex>()
  // Those that file managers leave behind begin with a dot.
  const shown = files.filter((file) => !file.startsWith('.')).sort()
  for (const [count, file] of shown.entries()) {
    if (count > 0 && count % ENVELOPES_READ_BETWEEN_NOTES === 0)
      progress(`read ${count} of ${shown.length} frames`)
    try {
      sort(await readFile(join(place, file)), legs, accepts)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const what = `${join(place, file)}: ${error.message}`
      throw new Refusal('folder.frame', `${what}; get it again, or move it away if it is no frame`, {
        cause: error,
      })
    }
  }
  for (const each of legs.values()) orderEnvelopes(each)
  return { legs: [...legs.values()].sort((a, b) => a.leg - b.leg), accepts }
}

function sort(bytes: Uint8Array, legs: Map<number, LegFrames>, accepts: Map<Hex, Hex>): void {
  const frame = parseFrame(bytes)
  const signed = toHex(frame.bytes)
  const of = (leg: number): LegFrames => {
    const known = legs.get(leg) ?? { leg, envelopes: [], forks: [], offers: [], cuts: [], seals: [] }
    legs.set(leg, known)
    return known
  }
  switch (frame.kind) {
    case 'envelope': {
      const envelope = parseEnvelope(frame.bytes)
      of(envelope.header.leg).envelopes.push(envelope)
      return
    }
    case 'legKeys':
      of(frame.signed.record.leg).keys = signed
      return
    case 'offer': {
      const { record } = frame.signed
      of(record.leg).offers.push({ offer: signed, digest: toHex(offerDigest(record)), m: record.m })
      return
    }
    case 'cut': {
      const { leg, n, offerDigest: offered } = frame.signed.record
      of(leg).cuts.push({ cut: signed, offerDigest: toHex(offered), n })
      return
    }
    case 'seal':
      of(frame.signed.record.leg).seals.push({ seal: signed, n: frame.signed.record.n })
      return
    case 'accept':
      accepts.set(frame.signed.record.offerDigest, signed)
      return
    default: // pulls and receipts prove nothing here
  }
}

/** In order of seq; the same envelope twice counts once, two different ones of a number are a fork. */
function orderEnvelopes(frames: LegFrames): void {
  const inOrder = frames.envelopes.sort((a, b) => a.header.seq - b.header.seq)
  frames.envelopes = []
  for (const envelope of inOrder) {
    const { seq } = envelope.header
    const last = frames.envelopes.at(-1)
    if (last?.header.seq !== seq) frames.envelopes.push(envelope)
    else if (!equalBytes(last.digest, envelope.digest)) frames.forks.push({ seq, one: last, other: envelope })
  }
}

/** Refusal 'folder.leg' when nothing of it is there. */
export function framesOf({ legs }: Frames, leg: number): LegFrames {
  const found = legs.find((each) => each.leg === leg)
  if (!found)
    throw new Refusal(
      'folder.leg',
      `the folder holds no frames of leg ${leg}; get them from the device or a feed`,
    )
  return found
}

/** Refusal 'folder.keys'. */
export function keysOf({ leg, keys }: LegFrames): Hex {
  if (!keys)
    throw new Refusal(
      'folder.keys',
      `the folder holds no keys of leg ${leg}; get their frame from the device or a feed`,
    )
  return keys
}

/** Envelopes `from` to `to`, both among them. Refusal 'folder.envelope' when one is missing. */
export function runOf({ leg, envelopes }: LegFrames, from: number, to: number): Envelope[] {
  const run = envelopes.filter(({ header }) => header.seq >= from && header.seq <= to)
  for (let seq = from; seq <= to; seq++) {
    if (run[seq - from]?.header.seq === seq) continue
    throw new Refusal(
      'folder.envelope',
      `envelope ${seq} of leg ${leg} is not in the folder; get its frame from the device or a feed`,
    )
  }
  return run
}
