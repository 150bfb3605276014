// What was agreed: each clause encoded and hashed as docs/formats.md lays out (section Terms), and disclosed under the terms' hash.
import {
  type AbiParameter,
  concat,
  encodeAbiParameters,
  type Hex,
  numberToHex,
  parseAbiParameters,
  sha256,
  slice,
  stringToHex,
} from 'viem'
import { inclusionProof, merkleRoot, prefixProof, tagged } from './formats.ts'

/** A clause as terms.json has it; amounts are decimal strings in the smallest unit of the token. */
export type Clause = { kind: string; salt: Hex } & Record<string, unknown>
export type Party = Clause & { index: number; role: string; name: string; wallet: Hex; amount: string }
export type Limit = Clause & {
  limitId: number
  metric: string
  side: 'above' | 'below'
  bound: number
  startUpMs: number
  durationMs?: number
  gapMsMax?: number
  between?: 'hold' | 'linear' | 'worstCase'
  scope?: 'leg' | 'shipment'
}

/** Argument of the contracts: one clause and its proof. */
export type DisclosedClause = {
  kind: number
  salt: Hex
  body: Hex
  index: bigint
  size: bigint
  proof: Hex[]
}

/** Argument of `settle`: the general clause and all parties, with which terms begin. */
export type Heading = { general: Content; parties: Content[]; size: bigint; rest: Hex[] }
type Content = { salt: Hex; body: Hex }

const PENALTY =
  '(uint96 base, uint96 perStep, uint64 step, uint96 caseMax, uint96 limitMax, address beneficiary) penalty'
const LIMIT = `uint16 limitId, uint8 metric, uint8 side, int32 bound, uint64 durationMs, uint64 startUpMs, uint64 gapMsMax, uint8 between, uint8 scope, ${PENALTY}`
const BOX = 'int32 latitudeMin, int32 latitudeMax, int32 longitudeMin, int32 longitudeMax'

// Number and ABI of each kind of clause; a field that a clause does not have is 0.
const KINDS: Record<string, [number, string]> = {
  general: [
    1,
    'uint16 ruleVersion, uint64 chainId, bytes32 shipment, address token, address anchorWriter, uint64 classicalUntilMs, uint16 guaranteeBps, uint8 partyCount, uint256 amountTotal, uint256 guaranteeTotal, string legalRegime, string penaltyNature',
  ],
  party: [
    2,
    'uint8 index, uint8 role, string name, address wallet, bytes32 mlDsaKeyHash, bytes32 slhDsaKey, uint256 amount, uint256 penaltyCap',
  ],
  device: [
    3,
    'bytes32 deviceId, bytes32 p256X, bytes32 p256Y, bytes32 mlDsaKeyHash, bytes32 slhDsaKey, address provisioner, uint8 keystore',
  ],
  'limit.instantaneous': [4, LIMIT],
  deadline: [5, `uint16 limitId, uint64 deliverByMs, uint64 lostAfterMs, uint96 lossPenalty, ${PENALTY}`],
  route: [6, 'string origin, string destination'],
  windows: [
    7,
    'uint64 disputeMs, uint64 contestMs, uint64 answerMs, uint64 paymentMs, uint64 silenceMsMax, uint64 sealEveryMs, uint32 checkpointEvery, uint32 offerTtlEnvelopes, uint96 contestBondWei',
  ],
  'limit.single': [8, LIMIT],
  'limit.cumulative': [9, LIMIT],
  'limit.meanKinetic': [10, LIMIT],
  'limit.geofence': [
    11,
    `uint16 limitId, uint8 rule, ${BOX}, uint64 durationMs, uint64 gapMsMax, uint8 between, ${PENALTY}`,
  ],
  tamper: [12, `uint16 limitId, ${PENALTY}`],
  silence: [13, `uint16 limitId, uint64 silenceMsMax, uint64 refuteMs, uint96 bondWei, ${PENALTY}`],
  milestone: [14, `uint16 limitId, address party, uint64 handOverByMs, ${PENALTY}`],
  tender: [15, `${BOX}, uint64 graceMs`],
  channel: [16, 'address from, address to'],
}

// Words of the document by field; the first is 1.
const WORDS: Record<string, string[]> = {
  role: ['payer', 'payee', 'carrier'],
  keystore: ['file', 'secureElement'],
  side: ['above', 'below'],
  between: ['hold', 'linear', 'worstCase'],
  scope: ['leg', 'shipment'],
  rule: ['stayInside', 'stayOutside'],
}

const METRICS = [
  ...['temperature', 'humidity', 'pressure', 'gforce', 'tilt', 'light'],
  ...['door', 'motion', 'airExposure', 'battery', 'latitude', 'longitude'],
]

/** The bit of a metric in an envelope's mask. */
export const metricBit = (metric: string): number => METRICS.indexOf(metric)

export class Terms {
  readonly hash: Hex
  readonly #clauses: Clause[]
  readonly #hashes: Hex[]

  constructor(clauses: Clause[]) {
    this.#clauses = clauses
    this.#hashes = clauses.map(clauseHash)
    this.hash = merkleRoot(this.#hashes)
  }

  all<T extends Clause>(kind: string): T[] {
    return this.#clauses.filter((clause): clause is T => clause.kind === kind)
  }

  one(kind: string): Clause {
    const [clause] = this.all(kind)
    if (!clause) throw new Error(`the terms have no ${kind} clause`)
    return clause
  }

  party(wallet: Hex): Party {
    const party = this.all<Party>('party').find((each) => each.wallet === wallet.toLowerCase())
    if (!party) throw new Error(`the terms name nobody with the wallet ${wallet}`)
    return party
  }

  /** The limits that the chain judges from readings: instantaneous, single, and cumulative per leg. */
  limits(): Limit[] {
    const overTime = [...this.all<Limit>('limit.single'), ...this.all<Limit>('limit.cumulative')]
    return [...this.all<Limit>('limit.instantaneous'), ...overTime].filter(
      ({ scope }) => scope !== 'shipment',
    )
  }

  discloseHeading(): Heading {
    const parties = this.all('party')
    const rest = prefixProof(this.#hashes, 1 + parties.length)
    const general = contentOf(this.one('general'))
    return { general, parties: parties.map(contentOf), size: BigInt(this.#clauses.length), rest }
  }

  disclose(clause: Clause): DisclosedClause {
    const index = this.#clauses.indexOf(clause)
    const proof = inclusionProof(this.#hashes, index)
    const [kind, body] = encoded(clause)
    return { kind, salt: clause.salt, body, index: BigInt(index), size: BigInt(this.#clauses.length), proof }
  }
}

const contentOf = (clause: Clause): Content => ({ salt: clause.salt, body: encoded(clause)[1] })

function clauseHash(clause: Clause): Hex {
  const [kind, body] = encoded(clause)
  return tagged('consign.clause', concat([clause.salt, numberToHex(kind, { size: 2 }), body])).digest
}

function encoded(clause: Clause): [kind: number, body: Hex] {
  const known = KINDS[clause.kind]
  if (!known) throw new Error(`clause kind ${clause.kind} is unknown`)
  const parameters = parseAbiParameters(known[1]) as readonly AbiParameter[]
  return [
    known[0],
    encodeAbiParameters(
      parameters,
      parameters.map((parameter) => fieldOf(clause, parameter)),
    ),
  ]
}

function fieldOf(clause: Clause, { name = '', type }: AbiParameter): unknown {
  const value = clause[name]
  if (name === 'shipment') return stringToHex(String(value), { size: 32 })
  if (name === 'mlDsaKeyHash') return sha256(clause.mlDsaKey as Hex)
  if (name === 'p256X') return slice(clause.p256 as Hex, 0, 32)
  if (name === 'p256Y') return slice(clause.p256 as Hex, 32, 64)
  if (name === 'metric') return metricBit(String(value))
  if (WORDS[name]) return WORDS[name].indexOf(String(value)) + 1
  return /^u?int/.test(type) ? BigInt((value as string | number | undefined) ?? 0) : value
}
