// What a party holds, in one folder: terms.json, signatures.json (of payer and payee over the agreement), deployment.json (where the contracts
// are, and their ABIs), acknowledgements.json when there are any, and frames/, one file per frame, with whatever names.
// Everything is checked when it is read, so that a damaged file costs no gas. Throws an Error of one line that names file and fault.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Abi,
  concat,
  encodeAbiParameters,
  getContractAddress,
  type Hex,
  keccak256,
  parseAbiParameters,
} from 'viem'
import { checkBody, checkLeg } from './authenticity.ts'
import type { Accept, Cut, Envelope, Offer, Seal, SignedKeys } from './formats.ts'
import { readFrame } from './formats.ts'
import { type Clause, type Party, Terms } from './terms.ts'

export type Leg = {
  number: number
  keys: SignedKeys
  envelopes: Envelope[]
  /** How the leg ended, once it has. */
  handover?: { offer: Offer; accept: Accept; cut: Cut }
  /** The largest. */
  seal?: Seal
}

export type Deployment = {
  chainId: number
  factory: Hex
  implementation: Hex
  abis: { factory: Abi; agreement: Abi; token: Abi }
}
export type Acknowledgement = { party: Hex; cumulative: string; signature: { ecdsa: Hex } }

export type Folder = {
  terms: Terms
  payer: Party
  payee: Party
  agreement: Hex
  deployment: Deployment
  signatures: { payer: Hex; payee: Hex }
  acknowledgements: Acknowledgement[]
  legs: Leg[]
}

export function readFolder(dir: string): Folder {
  const terms = new Terms(json<{ clauses: Clause[] }>(dir, 'terms.json').clauses)
  const deployment = json<Deployment>(dir, 'deployment.json')
  const signed = json<Record<'payer' | 'payee', { ecdsa: Hex }>>(dir, 'signatures.json')
  const acknowledged = existsSync(join(dir, 'acknowledgements.json'))
  const [payer, payee] = ['payer', 'payee'].map((role) =>
    terms.all<Party>('party').find((each) => each.role === role),
  )
  if (!payer || !payee) throw new Error('terms.json: a payer and a payee are needed')
  const agreement = agreementAddress(deployment, terms.hash, payer.wallet, payee.wallet)
  const legs = readLegs(join(dir, 'frames'))
  for (const leg of legs) checkLeg(leg, legs[leg.number - 1], terms, agreement)
  return {
    ...{ terms, payer, payee, agreement, deployment, legs },
    signatures: { payer: signed.payer.ecdsa, payee: signed.payee.ecdsa },
    acknowledgements: acknowledged ? json<Acknowledgement[]>(dir, 'acknowledgements.json') : [],
  }
}

function json<T>(dir: string, file: string): T {
  try {
    return JSON.parse(readFileSync(join(dir, file), 'utf8')) as T
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`)
  }
}

/** CREATE2 of a minimal clone with the terms' hash behind it, salted with terms and signers (docs/formats.md, EIP-712). */
function agreementAddress(
  { factory, implementation }: Deployment,
  termsHash: Hex,
  payer: Hex,
  payee: Hex,
): Hex {
  const salt = keccak256(
    encodeAbiParameters(parseAbiParameters('bytes32, address, address'), [termsHash, payer, payee]),
  )
  // OpenZeppelin's Clones: EIP-1167 code of 45 bytes, followed by the argument of 32.
  const code = [
    '0x61004d3d81600a3d39f3363d3d373d3d3d363d73',
    implementation,
    '0x5af43d82803e903d91602b57fd5bf3',
    termsHash,
  ] as const
  return getContractAddress({
    opcode: 'CREATE2',
    from: factory,
    salt,
    bytecode: concat(code),
  }).toLowerCase() as Hex
}

function readLegs(dir: string): Leg[] {
  const found = {
    keys: [] as SignedKeys[],
    offers: [] as Offer[],
    accepts: [] as Accept[],
    cuts: [] as Cut[],
    seals: [] as Seal[],
  }
  const envelopes: Envelope[] = []
  // Those that file managers leave behind begin with a dot.
  const files = readdirSync(dir).filter((file) => !file.startsWith('.'))
  for (const file of files.sort()) {
    try {
      const frame = readFrame(readFileSync(join(dir, file)))
      if (frame.kind === 'envelope') {
        checkBody(frame.envelope)
        envelopes.push(frame.envelope)
      }
      if (frame.kind === 'keys') found.keys.push(frame.keys)
      if (frame.kind === 'offer') found.offers.push(frame.offer)
      if (frame.kind === 'accept') found.accepts.push(frame.accept)
      if (frame.kind === 'cut') found.cuts.push(frame.cut)
      if (frame.kind === 'seal') found.seals.push(frame.seal)
    } catch (error) {
      throw new Error(`frames/${file}: ${(error as Error).message}`)
    }
  }
  const keys = found.keys.sort((a, b) => a.leg - b.leg)
  return keys.map((each, number) => {
    if (each.leg !== number) throw new Error(`frames: the keys of leg ${number} are missing`)
    const cut = found.cuts.find(({ leg }) => leg === number)
    const offer = found.offers.find(({ digest }) => digest === cut?.offerDigest)
    const accept = found.accepts.find(({ offerDigest }) => offerDigest === cut?.offerDigest)
    if (cut && !(offer && accept))
      throw new Error(`frames: the offer or the acceptance of leg ${number} is missing`)
    const [seal] = found.seals.filter(({ leg }) => leg === number).sort((a, b) => b.n - a.n)
    return {
      number,
      keys: each,
      envelopes: envelopes.filter(({ leg }) => leg === number).sort((a, b) => a.seq - b.seq),
      ...(cut && offer && accept ? { handover: { cut, offer, accept } } : {}),
      ...(seal ? { seal } : {}),
    }
  })
}

/** The leaves of a leg's tree. */
export const digestsOf = (leg: Leg): Hex[] => leg.envelopes.map(({ digest }) => digest)
