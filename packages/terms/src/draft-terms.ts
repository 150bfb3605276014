/** From a draft and what only the system knows (keys, chain, shipment, time) to terms that both sides can sign. */
import { deviceId, type PublicKeys, Refusal } from '@consign/envelope'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import type { Clause, PartyClause, Terms } from './clauses.ts'
import { type CompleteDraft, parseTermsDraft, type TermsDraft } from './draft.ts'
import { channelEdges } from './draft-channels.ts'
import { boxEdges, costlyClauses, hours, minutes } from './draft-costly.ts'
import { guaranteeOf } from './guarantee.ts'
import { inDocumentOrder } from './order.ts'
import { parseTerms } from './parse.ts'
import type { PartyIdentity } from './party-keys.ts'
import { parseEther, parseTokens } from './tokens.ts'

/** Public keys of the device in hex (P-256 64 bytes x ‖ y, ML-DSA 1312, SLH-DSA 32) and who vouches for them. */
export type DeviceIdentity = {
  p256: Hex
  mlDsaKey: Hex
  slhDsaKey: Hex
  provisioner: Hex
  keystore: 'file' | 'secureElement'
}

export type DraftFacts = {
  chainId: number
  token: Hex
  anchorWriter: Hex
  /** By the name that the draft uses. */
  parties: Record<string, PartyIdentity>
  device: DeviceIdentity
  nowMs: number
  /** SSCC, 18 digits. */
  shipment: string
}

export function deviceIdentity(
  keys: PublicKeys,
  provisioner: Hex,
  keystore: DeviceIdentity['keystore'] = 'file',
): DeviceIdentity {
  return {
    p256: bytesToHex(keys.p256),
    mlDsaKey: bytesToHex(keys.mlDsa),
    slhDsaKey: bytesToHex(keys.slhDsa),
    provisioner,
    keystore,
  }
}

type Salted = () => { salt: Hex }

/**
 * Orders the clauses, numbers parties (payer 0, payee 1, carriers in the draft's order) and what costs something (from 1: limits, geofences,
 * deadline, silence, tamper, milestones), and salts each clause with 32 bytes from `randomSalt`. Refusal 'draft.…' for the draft, 'draft.keys' for a party without keys, 'terms.…' when the result contradicts itself.
 */
export function draftTerms(draft: TermsDraft, facts: DraftFacts, randomSalt: () => Uint8Array): Terms {
  const complete = parseTermsDraft(draft)
  const salted: Salted = () => ({ salt: bytesToHex(randomSalt()) })
  const parties = partyClauses(complete, facts, salted)
  const clauses: Clause[] = [
    {
      kind: 'general',
      ...salted(),
      ruleVersion: 1,
      chainId: facts.chainId,
      shipment: facts.shipment,
      token: lower(facts.token),
      anchorWriter: lower(facts.anchorWriter),
      classicalUntilMs: Date.parse(`${complete.classicalUntil}T00:00:00Z`),
      ...totals(parties, Math.round(complete.guaranteePercent * 100)),
      legalRegime: complete.legalRegime,
      penaltyNature: complete.penaltyNature,
    },
    ...parties,
    deviceClause(facts.device, salted),
    ...costlyClauses(complete, parties, facts.nowMs).map((clause) => ({ ...clause, ...salted() })),
    ...(complete.route ? [{ kind: 'route' as const, ...salted(), ...complete.route }] : []),
    windowsClause(complete, salted),
    ...(complete.tender ? [tenderClause(complete.tender, salted)] : []),
    ...channelEdges(complete.parties).map(([from, to]) => ({
      kind: 'channel' as const,
      ...salted(),
      from: walletOf(parties, from),
      to: walletOf(parties, to),
    })),
  ]
  clauses.sort(inDocumentOrder)
  return parseTerms({ version: 1, clauses }, { agreedAtMs: facts.nowMs })
}

/** What the general clause says of all parties together. */
function totals(parties: PartyClause[], guaranteeBps: number) {
  const amounts = parties.map(({ amount }) => BigInt(amount))
  const sum = (values: bigint[]) => String(values.reduce((all, value) => all + value, 0n))
  return {
    guaranteeBps,
    partyCount: parties.length,
    amountTotal: sum(amounts),
    guaranteeTotal: sum(amounts.map((amount) => guaranteeOf(amount, guaranteeBps))),
  }
}

const ROLE_ORDER = ['payer', 'payee', 'carrier']
const lower = (value: Hex): Hex => value.toLowerCase() as Hex

function partyClauses(draft: CompleteDraft, facts: DraftFacts, salted: Salted): PartyClause[] {
  const ordered = draft.parties.toSorted((a, b) => ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role))
  return ordered.map((party, index) => {
    const identity = Object.hasOwn(facts.parties, party.name) ? facts.parties[party.name] : undefined
    if (!identity) throw new Refusal('draft.keys', `no wallet and keys are known for party "${party.name}"`)
    const amount = parseTokens(party.amountTokens ?? 0)
    const penaltyCap = party.penaltyCapTokens === undefined ? amount : parseTokens(party.penaltyCapTokens)
    return {
      kind: 'party',
      ...salted(),
      index,
      role: party.role,
      name: party.name,
      wallet: lower(identity.wallet),
      mlDsaKey: lower(identity.mlDsaKey),
      slhDsaKey: lower(identity.slhDsaKey),
      amount: String(amount),
      penaltyCap: String(penaltyCap),
    }
  })
}

const walletOf = (parties: PartyClause[], name: string): Hex =>
  (parties.find((party) => party.name === name) as PartyClause).wallet

function deviceClause(device: DeviceIdentity, salted: Salted): Clause {
  const keys = {
    p256: hexToBytes(device.p256),
    mlDsa: hexToBytes(device.mlDsaKey),
    slhDsa: hexToBytes(device.slhDsaKey),
  }
  return {
    kind: 'device',
    ...salted(),
    deviceId: `0x${deviceId(keys)}`,
    p256: lower(device.p256),
    mlDsaKey: lower(device.mlDsaKey),
    slhDsaKey: lower(device.slhDsaKey),
    provisioner: lower(device.provisioner),
    keystore: device.keystore,
  }
}

function tenderClause(
  { destination, graceHours }: NonNullable<CompleteDraft['tender']>,
  salted: Salted,
): Clause {
  return { kind: 'tender', ...salted(), ...boxEdges(destination), graceMs: hours(graceHours) }
}

function windowsClause({ windows }: CompleteDraft, salted: Salted): Clause {
  return {
    kind: 'windows',
    ...salted(),
    disputeMs: hours(windows.disputeHours),
    contestMs: hours(windows.contestHours),
    answerMs: hours(windows.answerHours),
    paymentMs: hours(windows.paymentHours),
    silenceMsMax: minutes(windows.silenceMinutesMax),
    sealEveryMs: hours(windows.sealEveryHours),
    checkpointEvery: windows.checkpointEvery,
    offerTtlEnvelopes: windows.offerTtlEnvelopes,
    contestBondWei: String(parseEther(windows.contestBondEth)),
  }
}
