/** The ABI encoding of each clause: what is hashed, and what Solidity decodes (Clauses.sol). docs/formats.md, Terms. */
import { metricByName } from '@consign/envelope'
import { encodeAbiParameters, type Hex, parseAbiParameters, sha256, sliceHex, stringToHex } from 'viem'
import type { Clause, GeofenceClause, LimitClause, Penalty, TenderClause } from './clauses.ts'
import { unreachable } from './unreachable.ts'

const ROLE_NUMBERS = { payer: 1, payee: 2, carrier: 3 } as const
const KEYSTORE_NUMBERS = { file: 1, secureElement: 2 } as const
const SIDE_NUMBERS = { above: 1, below: 2 } as const
const BETWEEN_NUMBERS = { hold: 1, linear: 2, worstCase: 3 } as const
const SCOPE_NUMBERS = { leg: 1, shipment: 2 } as const
const RULE_NUMBERS = { stayInside: 1, stayOutside: 2 } as const

const GENERAL = parseAbiParameters(
  'uint16, uint64, bytes32, address, address, uint64, uint16, uint8, uint256, uint256, string, string',
)
const PARTY = parseAbiParameters('uint8, uint8, string, address, bytes32, bytes32, uint256, uint256')
const DEVICE = parseAbiParameters('bytes32, bytes32, bytes32, bytes32, bytes32, address, uint8')
const ROUTE = parseAbiParameters('string, string')
const WINDOWS = parseAbiParameters('uint64, uint64, uint64, uint64, uint64, uint64, uint32, uint32, uint96')
const CHANNEL = parseAbiParameters('address, address')
const TENDER = parseAbiParameters('int32, int32, int32, int32, uint64')
// Only fixed-size fields, so that the tuple of the penalty stands in place.
const LIMIT = parseAbiParameters(
  'uint16, uint8, uint8, int32, uint64, uint64, uint64, uint8, uint8, (uint96, uint96, uint64, uint96, uint96, address)',
)
const GEOFENCE = parseAbiParameters(
  'uint16, uint8, int32, int32, int32, int32, uint64, uint64, uint8, (uint96, uint96, uint64, uint96, uint96, address)',
)
const DEADLINE = parseAbiParameters(
  'uint16, uint64, uint64, uint96, (uint96, uint96, uint64, uint96, uint96, address)',
)
const MILESTONE = parseAbiParameters(
  'uint16, address, uint64, (uint96, uint96, uint64, uint96, uint96, address)',
)
const SILENCE = parseAbiParameters(
  'uint16, uint64, uint64, uint96, (uint96, uint96, uint64, uint96, uint96, address)',
)
const TAMPER = parseAbiParameters('uint16, (uint96, uint96, uint64, uint96, uint96, address)')

/** The ABI-encoded fields of a clause, without salt and kind. */
export function encodeClause(clause: Clause): Hex {
  switch (clause.kind) {
    case 'general':
      return encodeAbiParameters(GENERAL, [
        clause.ruleVersion,
        BigInt(clause.chainId),
        shipmentBytes32(clause.shipment),
        clause.token,
        clause.anchorWriter,
        BigInt(clause.classicalUntilMs),
        clause.guaranteeBps,
        clause.partyCount,
        BigInt(clause.amountTotal),
        BigInt(clause.guaranteeTotal),
        clause.legalRegime,
        clause.penaltyNature,
      ])
    case 'party':
      return encodeAbiParameters(PARTY, [
        clause.index,
        ROLE_NUMBERS[clause.role],
        clause.name,
        clause.wallet,
        sha256(clause.mlDsaKey),
        clause.slhDsaKey,
        BigInt(clause.amount),
        BigInt(clause.penaltyCap),
      ])
    case 'device':
      return encodeAbiParameters(DEVICE, [
        clause.deviceId,
        sliceHex(clause.p256, 0, 32),
        sliceHex(clause.p256, 32, 64),
        sha256(clause.mlDsaKey),
        clause.slhDsaKey,
        clause.provisioner,
        KEYSTORE_NUMBERS[clause.keystore],
      ])
    case 'route':
      return encodeAbiParameters(ROUTE, [clause.origin, clause.destination])
    case 'windows':
      return encodeAbiParameters(WINDOWS, [
        BigInt(clause.disputeMs),
        BigInt(clause.contestMs),
        BigInt(clause.answerMs),
        BigInt(clause.paymentMs),
        BigInt(clause.silenceMsMax),
        BigInt(clause.sealEveryMs),
        clause.checkpointEvery,
        clause.offerTtlEnvelopes,
        BigInt(clause.contestBondWei),
      ])
    case 'tender':
      return encodeAbiParameters(TENDER, [...edges(clause), BigInt(clause.graceMs)])
    case 'channel':
      return encodeAbiParameters(CHANNEL, [clause.from, clause.to])
    default:
      return encodeCostly(clause)
  }
}

function encodeCostly(clause: Extract<Clause, { limitId: number }>): Hex {
  switch (clause.kind) {
    case 'limit.instantaneous':
      return encodeLimit(clause, {})
    case 'limit.single':
    case 'limit.meanKinetic':
    case 'limit.cumulative':
      return encodeLimit(clause, clause)
    case 'limit.geofence':
      return encodeAbiParameters(GEOFENCE, [
        clause.limitId,
        RULE_NUMBERS[clause.rule],
        ...edges(clause),
        BigInt(clause.durationMs),
        BigInt(clause.gapMsMax),
        BETWEEN_NUMBERS[clause.between],
        schedule(clause.penalty),
      ])
    case 'deadline':
      return encodeAbiParameters(DEADLINE, [
        clause.limitId,
        BigInt(clause.deliverByMs),
        BigInt(clause.lostAfterMs),
        BigInt(clause.lossPenalty),
        schedule(clause.penalty),
      ])
    case 'milestone':
      return encodeAbiParameters(MILESTONE, [
        clause.limitId,
        clause.party,
        BigInt(clause.handOverByMs),
        schedule(clause.penalty),
      ])
    case 'silence':
      return encodeAbiParameters(SILENCE, [
        clause.limitId,
        BigInt(clause.silenceMsMax),
        BigInt(clause.refuteMs),
        BigInt(clause.bondWei),
        schedule(clause.penalty),
      ])
    case 'tamper':
      return encodeAbiParameters(TAMPER, [clause.limitId, schedule(clause.penalty)])
    default:
      return unreachable(clause)
  }
}

type OverTime = {
  durationMs?: number
  gapMsMax?: number
  between?: keyof typeof BETWEEN_NUMBERS
  scope?: keyof typeof SCOPE_NUMBERS
}

/** What does not apply to a kind is 0. */
function encodeLimit(limit: LimitClause, { durationMs = 0, gapMsMax = 0, between, scope }: OverTime): Hex {
  return encodeAbiParameters(LIMIT, [
    limit.limitId,
    metricByName(limit.metric).id,
    SIDE_NUMBERS[limit.side],
    limit.bound,
    BigInt(durationMs),
    BigInt(limit.startUpMs),
    BigInt(gapMsMax),
    between ? BETWEEN_NUMBERS[between] : 0,
    scope ? SCOPE_NUMBERS[scope] : 0,
    schedule(limit.penalty),
  ])
}

const edges = (clause: GeofenceClause | TenderClause) =>
  [clause.latitudeMin, clause.latitudeMax, clause.longitudeMin, clause.longitudeMax] as const

const schedule = ({ base, perStep, step, caseMax, limitMax, beneficiary }: Penalty) =>
  [BigInt(base), BigInt(perStep), BigInt(step), BigInt(caseMax), BigInt(limitMax), beneficiary] as const

/** The 18 ASCII digits of an SSCC, padded right with zeros to 32 bytes. */
export function shipmentBytes32(shipment: string): Hex {
  return stringToHex(shipment, { size: 32 })
}
