/**
 * The contract calls that events of the log lead to, each under the key that names it for ever. Pure. What a call needs from before it
 * (`settledBefore`) follows from its intent and from what is open, so that a restart waits for the same.
 */
import {
  type AgreementCall,
  agreementAbi,
  agreementFactoryAbi,
  anchorLogAbi,
  createArguments,
  cutCall,
  deliverByTenderArguments,
  encodeAgreementCall,
  type Intent,
  manualCutArguments,
  refuseTenderArguments,
  startArguments,
  type Transaction,
  tenderArguments,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { ConsignEvent, EventData, EventOf } from '@consign/events'
import { general, partyByWallet, type Terms, termsHash } from '@consign/terms'
import { decodeFunctionData, encodeFunctionData, type Hex } from 'viem'
import { type Agreement, keysOf, termsOf } from './agreements.ts'
import type { Anchor } from './anchor-policy.ts'
import { proofCalls } from './proofs.ts'

/** Events that become transactions. */
export type CallEvent = EventOf<
  | 'custody.agreement.signed.v1'
  | 'custody.packed.v1'
  | 'custody.offered.v1'
  | 'custody.transferred.v1'
  | 'custody.transferred.manually.v1'
  | 'custody.tender.refused.v1'
  | 'penalty.violation.charged.v1'
>

/** `key` for the journal, `what` for people. */
export type CallName = { key: string; what: string; agreement: Hex }

/** `factory`, and the chain that terms must name. */
export type Place = { factory: Hex; chainId: number }

/** Names of refusals that time or others lift: the payer has not funded yet, the payer can still refuse a tender. */
export const LIFTED_ERRORS = ['AgreementNotFunded', 'AgreementTenderGrace'] as const

const CALL_EVENTS: readonly string[] = [
  'custody.agreement.signed.v1',
  'custody.packed.v1',
  'custody.offered.v1',
  'custody.transferred.v1',
  'custody.transferred.manually.v1',
  'custody.tender.refused.v1',
  'penalty.violation.charged.v1',
] satisfies CallEvent['type'][]

export function isCallEvent(event: ConsignEvent): event is CallEvent {
  return CALL_EVENTS.includes(event.type)
}

/** Name of the event's first call: what cannot be done is refused under it. */
export function callName({ type, data }: CallEvent): CallName {
  const { agreement } = data
  switch (type) {
    case 'custody.agreement.signed.v1':
      return { key: `agreement:${agreement}`, what: 'create the agreement', agreement }
    case 'custody.packed.v1':
      return { key: `start:${agreement}`, what: 'record the start of leg 0', agreement }
    case 'custody.offered.v1':
      return { key: `tender:${tendered(data)}`, what: `record the tender of leg ${data.leg}`, agreement }
    case 'custody.transferred.v1':
      return { key: `cut:${agreement}:${data.leg}`, what: `record the cut of leg ${data.leg}`, agreement }
    // A leg ends once, so that what comes after it waits for either cut under one key.
    case 'custody.transferred.manually.v1': {
      const what = `record the manual cut of leg ${data.leg}`
      return { key: `cut:${agreement}:${data.leg}`, what, agreement }
    }
    case 'custody.tender.refused.v1':
      return { key: `refusal:${tendered(data)}`, what: `refuse the tender of leg ${data.leg}`, agreement }
    case 'penalty.violation.charged.v1': {
      const what = `prove the ${data.kind} violation in leg ${data.leg}`
      return { key: `violation:${data.caseId}`, what, agreement }
    }
  }
}

/**
 * The calls of an event, in the order in which they must go out. `spans`: the linked envelopes of each of its spans (evidence.ts). Throws a
 * Refusal when the event can have no transaction.
 */
export function callsOf(event: CallEvent, known: Agreement, place: Place, spans: Uint8Array[][]): Intent[] {
  const name = callName(event)
  const toAgreement = (call: AgreementCall): Intent => ({
    ...name,
    to: name.agreement,
    data: encodeAgreementCall(call),
  })
  switch (event.type) {
    case 'custody.agreement.signed.v1':
      return [{ ...name, to: place.factory, data: creation(event.data, place.chainId) }]
    case 'custody.packed.v1': {
      const args = startArguments({ terms: termsOf(known), keys: event.data.keys })
      return [toAgreement({ functionName: 'start', args })]
    }
    case 'custody.offered.v1': {
      const [recorded, delivered] = tender(event.data, known, spans)
      const delivery = { key: `deliver:${tendered(event.data)}`, what: 'deliver by tender' }
      return [toAgreement(recorded), { ...toAgreement(delivered), ...delivery }]
    }
    case 'custody.transferred.v1':
      return [toAgreement(cut(event.data, known, spans))]
    case 'custody.transferred.manually.v1':
      return [toAgreement({ functionName: 'recordManualCut', args: manualCut(event.data, known) })]
    case 'custody.tender.refused.v1': {
      const { leg, reasonsHash, signature } = event.data
      const args = refuseTenderArguments({
        terms: termsOf(known),
        leg,
        reasonsHash,
        signature: signature.ecdsa,
      })
      return [toAgreement({ functionName: 'refuseTender', args })]
    }
    case 'penalty.violation.charged.v1':
      return proofCalls(event.data, known, spans).map((call, number) => ({
        ...toAgreement(call),
        key: number === 0 ? name.key : `${name.key}:${number}`,
      }))
  }
}

/** Writes root and size of the tree. */
export function anchorCall({ seq, root, size }: Anchor, anchorLog: Hex): Intent {
  const args = [BigInt(seq), root, BigInt(size)] as const
  const data = encodeFunctionData({ abi: anchorLogAbi, functionName: 'anchor', args })
  return { key: `anchor:${seq}`, to: anchorLog, data, what: `anchor ${size} envelopes` }
}

/** Has the chain note how many roots there are, so that their age can be told later; `day` counts from 1970. */
export function witnessCall(writer: Hex, day: number, anchorLog: Hex): Intent {
  const data = encodeFunctionData({ abi: anchorLogAbi, functionName: 'witness', args: [writer] })
  return { key: `witness:${day}`, to: anchorLog, data, what: 'note the age of the anchors' }
}

/** What an anchor's transaction says, before or after it is mined; not for one that was refused. */
export function anchorOf({ intent, mined }: Transaction): Anchor {
  if (mined?.result !== undefined) {
    const { seq, root, size } = mined.result
    return { seq: Number(seq), root: root as Hex, size: Number(size) }
  }
  const { args } = decodeFunctionData({ abi: anchorLogAbi, data: intent.data ?? '0x' })
  const [seq, root, size] = args as readonly [bigint, Hex, bigint]
  return { seq: Number(seq), root, size: Number(size) }
}

/**
 * Keys that must be settled before this intent can succeed: an agreement before its start, a leg before what happens in it, and of a
 * proof each part before the next. A scan also waits for those of the same leg and limit that are `open` before it: a wallet has one at a time.
 */
export function settledBefore(intent: Intent, open: readonly Transaction[] = []): readonly string[] {
  const { key, data, agreement } = intent
  const [kind, name, part] = key.split(':')
  if (agreement === undefined) return []
  if (kind === 'start') return [`agreement:${agreement}`]
  if (kind === 'cut' || kind === 'tender') return [beginningOf(agreement, Number(part))]
  if (kind === 'deliver' || kind === 'refusal') return [key.replace(kind, 'tender')]
  if (kind !== 'violation') return []
  const { functionName, args } = decodeFunctionData({ abi: agreementAbi, data })
  const [leg] = args as readonly [number]
  const before = Number(part ?? 0) - 1
  if (before >= 0) return [before === 0 ? `violation:${name}` : `violation:${name}:${before}`]
  const scans = functionName === 'advanceScan' ? scansBefore(intent, open) : []
  return [beginningOf(agreement, leg), ...scans]
}

function scansBefore({ key, data, to }: Intent, open: readonly Transaction[]): string[] {
  const at = open.findIndex((other) => other.intent.key === key)
  const scanned = scanOf(data)
  return open
    .slice(0, Math.max(at, 0))
    .filter(({ intent }) => intent.to === to && intent.data !== undefined && scanOf(intent.data) === scanned)
    .map(({ intent }) => intent.key)
}

// Leg and limit of a scan's call; undefined for any other.
function scanOf(data: Hex): string | undefined {
  if (!/^0x[0-9a-f]{8}/.test(data)) return undefined
  const { functionName, args } = decodeFunctionData({ abi: agreementAbi, data })
  if (functionName === 'dropScan') return `${args[0]} ${args[1]}`
  // The body of every limit begins with its id, 32 bytes.
  if (functionName === 'advanceScan') return `${args[0]} ${Number(args[2].body.slice(0, 66))}`
  return undefined
}

function creation(signed: EventData<'custody.agreement.signed.v1'>, chainId: number): Hex {
  const { terms, payerSignature, payeeSignature } = signed
  const named = general(terms).chainId
  if (named !== chainId)
    throw new Refusal('agreement.chainId', `the terms are for chain ${named}, this writer serves ${chainId}`)
  const args = createArguments({
    terms,
    payerSignature: payerSignature.ecdsa,
    payeeSignature: payeeSignature.ecdsa,
  })
  return encodeFunctionData({ abi: agreementFactoryAbi, functionName: 'create', args })
}

function tender(
  { leg, offer }: EventData<'custody.offered.v1'>,
  known: Agreement,
  spans: Uint8Array[][],
): [AgreementCall, AgreementCall] {
  const wire = spans[0]?.[0]
  if (wire === undefined) throw new Refusal('tender.envelope', 'the offer follows no envelope')
  const terms = termsOf(known)
  return [
    { functionName: 'recordTender', args: tenderArguments({ terms, keys: keysOf(known, leg), offer, wire }) },
    { functionName: 'deliverByTender', args: deliverByTenderArguments({ terms, leg }) },
  ]
}

function cut(transferred: EventData<'custody.transferred.v1'>, known: Agreement, spans: Uint8Array[][]) {
  const { leg, to, offer, accept, cut } = transferred
  const terms = termsOf(known)
  requireParty(terms, to)
  return cutCall({ terms, keys: keysOf(known, leg), offer, accept, cut, last: spans[0]?.[0] })
}

function manualCut(said: EventData<'custody.transferred.manually.v1'>, known: Agreement) {
  const terms = termsOf(known)
  const { leg, n, to, nextKeysHash, reasonsHash, fromSignature, toSignature } = said
  requireParty(terms, to)
  const [amount, penaltyMax] = [BigInt(said.amount), BigInt(said.penaltyMax)]
  const signed = { leg, n, timeMs: BigInt(said.timeMs), to, nextKeysHash, amount, penaltyMax, reasonsHash }
  return manualCutArguments({
    terms,
    cut: { termsHash: termsHash(terms), ...signed },
    fromSignature: fromSignature.ecdsa,
    toSignature: toSignature.ecdsa,
  })
}

function requireParty(terms: Terms, taker: Hex): void {
  if (partyByWallet(terms, taker) !== undefined) return
  throw new Refusal('agreement.party', `${taker}, who takes the goods, is no party of the terms`)
}

// A leg has one tender, but any number of offers.
function tendered({ agreement, leg, m }: { agreement: Hex; leg: number; m: number }): string {
  return `${agreement}:${leg}:${m}`
}

function beginningOf(agreement: Hex, leg: number): string {
  return leg === 0 ? `start:${agreement}` : `cut:${agreement}:${leg - 1}`
}
