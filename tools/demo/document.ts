import type { Hex } from 'viem'

/** What the demo prints with --json, and what the audit computes. Amounts in whole tokens, values in the metric's human unit. */
export type ShipmentDocument = {
  shipment: string
  agreement: Hex
  legs: LegRow[]
  violations: ViolationRow[]
  payouts: PayoutRow[]
  /** Raiden's, along the payment graph of the terms; none where payments go over the chain. */
  channels: ChannelRow[]
  refundTokens: string
  /** What violations cost beyond caps, amounts and what is not guaranteed: recorded, and taken from nobody. */
  uncollectedTokens: string
  emptyRows: number
  anchors: AnchorRow[]
  checks: Checks
}

export type LegRow = {
  leg: number
  custodian: string
  address: Hex
  envelopes: number
  readings: number
  /** Sequence numbers that never arrived, both ends included. */
  gaps: { fromSeq: number; toSeq: number }[]
}

export type ViolationRow = {
  leg: number
  custodian: string
  /** Null where no one metric is judged: silence, lateness, tampering, places. */
  metric: string | null
  kind: string
  /** First and last reading outside, ISO 8601, in the time of the replayed file. */
  from: string
  to: string
  worst: number | null
  penaltyTokens: string
  provenOnChain: boolean
  txHash: Hex | null
}

export type PayoutRow = {
  party: string
  agreedTokens: string
  penaltyTokens: string
  paidTokens: string
  via: string
}

/** PC-A, PC-B, …: what each end can pay the other, before the payout and after it. */
export type ChannelRow = {
  name: string
  from: string
  to: string
  before: ChannelTokens
  after: ChannelTokens
}

export type ChannelTokens = { fromTokens: string; toTokens: string }

export type AnchorRow = { seq: number; root: Hex; size: number; txHash: Hex; gas: number }

export type Checks = {
  /** What the chain shows as paid is the plan recomputed from the log; payouts + refund = amounts; nothing else left the payer. */
  conserved: boolean
  /** Folding the log again gives the recorded penalties and plan, byte for byte. */
  replayIdentical: boolean
  /** Every anchored root on chain is the root of the log's envelopes at that size, and the last one covers this shipment. */
  anchorsVerified: boolean
  /** What the device signed is what the log holds and what the chain's cuts say: same numbers, same roots, sealed; every party's feed has it all; nothing waits. */
  nothingLost: boolean
}
