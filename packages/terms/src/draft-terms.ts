/** From a draft and what only the system knows (keys, chain, shipment, time) to terms that both sides can sign. */
import { deviceId, type PublicKeys, Refusal } from '@consign/envelope'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { UNLIMITED } from './clause-fields.ts'
import type { Clause, InstantaneousLimitClause, PartyClause, Terms } from './clauses.ts'
import { type CompleteDraft, parseTermsDraft, type TermsDraft } from './draft.ts'
import { guaranteeOf } from './guarantee.ts'
import { parseTerms } from './parse.ts'
import type { PartyIdentity } from './party-keys.ts'
import { parseQuantity } from './quantity.ts'
import { parseTokens } from './tokens.ts'

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
 * Orders the clauses, numbers parties (payer 0, payee 1, carriers in the draft's order) and limits (from 1), and salts each with 32 bytes
 * from `randomSalt`. Refusal 'draft.…' for the draft, 'draft.keys' for a party without keys, 'terms.…' when the result contradicts itself.
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
    ...limitClauses(complete, parties, salted),
  ]
  if (complete.deadlineHours !== null) {
    const deliverByMs = facts.nowMs + milliseconds(complete.deadlineHours, HOUR_MS)
    clauses.push({
      kind: 'deadline',
      ...salted(),
      limitId: 65_535,
      deliverByMs,
      lostAfterMs: 0,
      lossPenalty: '0',
      penalty: {
        base: '0',
        perStep: '0',
        step: 0,
        caseMax: '0',
        limitMax: UNLIMITED,
        beneficiary: parties[0]?.wallet ?? '0x',
      },
    })
  }
  if (complete.route) clauses.push({ kind: 'route', ...salted(), ...complete.route })
  clauses.push(windowsClause(complete, salted))
  return parseTerms({ version: 1, clauses })
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

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const ROLE_ORDER = ['payer', 'payee', 'carrier']

const lower = (value: Hex): Hex => value.toLowerCase() as Hex
const milliseconds = (value: number, unitMs: number): number =>
  Math.max(Math.round(value * unitMs), value > 0 ? 1 : 0)

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

function limitClauses(
  draft: CompleteDraft,
  parties: PartyClause[],
  salted: Salted,
): InstantaneousLimitClause[] {
  const payer = draft.parties.find((party) => party.role === 'payer')?.name
  const walletOf = (name: string | undefined): Hex =>
    parties.find((party) => party.name === name)?.wallet ?? '0x'
  let limitId = 0
  return draft.limits.flatMap((limit) =>
    (['above', 'below'] as const).flatMap((side) => {
      const bound = limit[side]
      if (bound === undefined) return []
      limitId += 1
      return {
        kind: 'limit.instantaneous' as const,
        ...salted(),
        limitId,
        metric: limit.metric,
        side,
        bound: parseQuantity(limit.metric, bound),
        startUpMs: 0,
        penalty: {
          base: String(parseTokens(limit.penaltyTokens)),
          perStep: '0',
          step: 0,
          caseMax: String(parseTokens(limit.penaltyTokens)),
          limitMax: UNLIMITED,
          beneficiary: walletOf(limit.beneficiary ?? payer),
        },
      }
    }),
  )
}

function windowsClause({ windows }: CompleteDraft, salted: Salted): Clause {
  return {
    kind: 'windows',
    ...salted(),
    disputeMs: milliseconds(windows.disputeHours, HOUR_MS),
    contestMs: milliseconds(windows.contestHours, HOUR_MS),
    answerMs: milliseconds(windows.answerHours, HOUR_MS),
    paymentMs: milliseconds(windows.paymentHours, HOUR_MS),
    silenceMsMax: milliseconds(windows.silenceMinutesMax, MINUTE_MS),
    sealEveryMs: milliseconds(windows.sealEveryHours, HOUR_MS),
    checkpointEvery: windows.checkpointEvery,
    offerTtlEnvelopes: windows.offerTtlEnvelopes,
    contestBondWei: '20000000000000000',
  }
}
