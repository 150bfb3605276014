/** Goods are taken by the party's own keys, or by those of a driver whom it lets accept for it. Neither command asks a chain. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ALL_AGREEMENTS,
  decodeSignedDelegation,
  decodeSignedOffer,
  encodeFrame,
  encodeSignedAccept,
  encodeSignedDelegation,
  fromHex,
  ML_DSA_KEY_BYTES,
  Refusal,
  type SignedDelegation,
  SLH_DSA_KEY_BYTES,
  toHex,
} from '@consign/envelope'
import {
  general,
  type PartyIdentity,
  partyIdentity,
  signAccept,
  signDelegation,
  type Terms,
  termsHash,
  verifyAccept,
} from '@consign/terms'
import { type Hex, sha256, stringToHex } from 'viem'
import { command, optional, type Report, required } from '../command.ts'
import { framesOf, readFrames, readTerms } from '../party-folder.ts'
import { file, folder, hash, number, text, time } from '../values.ts'
import { timeWritten } from '../written.ts'
import { FOLDER, LEG, partyOf } from './agreement.ts'

export const delegate = command({
  name: 'agreement delegate',
  summary: 'Lets a driver accept goods for the party of --key-file, with keys of the driver’s own.',
  details:
    'With --folder for that agreement alone; with --chain for all agreements on that chain. There is no taking back before --until: keep it short. The driver needs the file and a key file of its own.',
  example:
    'consign agreement delegate --folder shipment --to driver.json --until 2026-11-05 --out driver.delegation --key-file shipper-x.key',
  options: {
    to: required(file, 'identity of the driver, as consign keys show --json prints it'),
    until: required(time, 'last moment, by the clock of the device'),
    out: required(file, 'the new delegation; never overwritten'),
    folder: optional(folder, 'of the agreement, with its terms.json'),
    chain: optional(number, 'id of the chain, for all agreements of the party on it'),
  },
  run: async (context, { to, until, out, folder: dir, chain }): Promise<Report> => {
    if ((dir === undefined) === (chain === undefined))
      throw new Refusal('argument.missing', 'give either --folder FOLDER or --chain NUMBER; see --help')
    const keys = await context.keys()
    const { wallet: party } = partyIdentity(keys)
    const terms = dir === undefined ? undefined : await readTerms(dir)
    if (terms) partyOf(terms, party)
    const chainId = terms ? general(terms).chainId : (chain ?? 0)
    const scope = terms ? termsHash(terms) : ALL_AGREEMENTS
    const named = { party, ...(await readDriver(to)), scope, notAfterMs: until }
    const signed = await signDelegation(context.crypto, keys, chainId, named)
    if (!context.dryRun) await writeNew(out, encodeSignedDelegation(signed))
    const scopeText = terms ? 'this agreement' : `all agreements of ${party} on chain ${chainId}`
    return {
      lines: [
        `${named.delegate} may accept for ${scopeText} until ${timeWritten(until)}.`,
        ...(context.dryRun ? [] : [`Give ${out} to the driver.`]),
      ],
      data: { party, delegate: named.delegate, scope, chainId, notAfterMs: until },
    }
  },
})

export const accept = command({
  name: 'agreement accept',
  summary:
    'Accepts the goods that the device offers, as the party of --key-file or, with --delegation, for it.',
  details:
    'Needs the frame of the offer, as the device shows it. Writes the frame of the acceptance beside it, and prints the line that the device reads.',
  example:
    'consign agreement accept --folder shipment --leg 0 --delegation driver.delegation --key-file driver.key',
  options: {
    folder: FOLDER,
    leg: LEG,
    delegation: optional(file, 'what consign agreement delegate made; --key-file is then the driver’s'),
    offer: optional(hash, 'digest of the offer; the one made last by default'),
    reservations: optional(text, 'what is noted about the goods; its hash is signed'),
  },
  run: async (context, values): Promise<Report> => {
    const { folder: dir, leg, reservations = '' } = values
    const [terms, keys] = [await readTerms(dir), await context.keys()]
    const { offer, digest } = offerOf(framesOf(await readFrames(dir, context.progress), leg), values.offer)
    const delegation = values.delegation ? await readDelegation(values.delegation) : undefined
    const party = partyOf(terms, delegation?.record.party ?? keys.wallet.address)
    const { chainId, agreement } = decodeSignedOffer(fromHex(offer)).record
    const record = {
      ...{ offerDigest: digest, party: party.wallet, termsHash: termsHash(terms) },
      ...{ amount: BigInt(party.amount), penaltyMax: BigInt(party.penaltyCap) },
      reservationsHash: sha256(stringToHex(reservations)),
    }
    const place = { chainId, agreement }
    requireChain(terms, chainId)
    const signed = await signAccept(context.crypto, keys, place, record, delegation)
    const acceptDigest = await verifyAccept(context.crypto, party, place, signed, context.nowMs())
    const bytes = encodeSignedAccept(signed)
    const frame = join(dir, 'frames', `accept-${leg}-${acceptDigest.slice(2, 10)}.frame`)
    if (!context.dryRun) await writeNew(frame, encodeFrame('accept', bytes))
    const deviceLine = JSON.stringify({ accept: toHex(bytes) })
    return {
      lines: [`${party.name} accepts the offer ${digest} of leg ${leg}; the device reads:`, deviceLine],
      data: { party: party.wallet, offerDigest: digest, acceptDigest, accept: toHex(bytes) },
    }
  },
})

/** Refusal 'folder.offer'. */
function offerOf({ leg, offers }: ReturnType<typeof framesOf>, digest: Hex | undefined) {
  const found = digest
    ? offers.find((offer) => offer.digest === digest)
    : offers.reduce((last, offer) => (offer.m >= last.m ? offer : last), offers[0]!)
  if (found) return found
  const which = digest ? `the offer ${digest}` : 'an offer'
  throw new Refusal(
    'folder.offer',
    `the folder lacks ${which} of leg ${leg}; put there what the device shows`,
  )
}

function requireChain(terms: Terms, chainId: number): void {
  const { chainId: agreed } = general(terms)
  if (agreed === chainId) return
  throw new Refusal('accept.chain', `the offer is for chain ${chainId}, the terms for ${agreed}; scan again`)
}

/** Refusal 'argument.file'. */
async function readDriver(path: string) {
  try {
    const { wallet, mlDsaKey, slhDsaKey } = JSON.parse(await readFile(path, 'utf8')) as PartyIdentity
    return {
      delegate: toHex(fromHex(wallet, 20)),
      mlDsaKey: fromHex(mlDsaKey, ML_DSA_KEY_BYTES),
      slhDsaKey: fromHex(slhDsaKey, SLH_DSA_KEY_BYTES),
    }
  } catch (cause) {
    const hint = 'have the driver run consign keys show --json again'
    throw new Refusal('argument.file', `${path} is not the identity of a driver; ${hint}`, { cause })
  }
}

/** Refusal 'argument.file'. */
async function readDelegation(path: string): Promise<SignedDelegation> {
  try {
    return decodeSignedDelegation(new Uint8Array(await readFile(path)))
  } catch (cause) {
    throw new Refusal('argument.file', `${path} is not a delegation; get it again from the party`, { cause })
  }
}

/** Refusal 'argument.exists'. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause
    throw new Refusal('argument.exists', `${path} exists; it is not overwritten, move it away first`, {
      cause,
    })
  })
}
