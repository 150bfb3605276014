/**
 * The contract calls that events of the log lead to, each under the key that names it for ever. Pure. What a call needs from before it
 * (`settledBefore`) follows from its intent alone, so that a restart waits for the same.
 */
import {
  agreementAbi,
  agreementFactoryAbi,
  anchorLogAbi,
  createArguments,
  cutArguments,
  type Intent,
  isProvable,
  startArguments,
  type Transaction,
  violationCalls,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { ConsignEvent, EventData, EventOf } from '@consign/events'
import { general, limitById, partyByWallet, type Terms } from '@consign/terms'
import { decodeFunctionData, encodeFunctionData, type Hex } from 'viem'
import type { Agreement } from './agreements.ts'
import type { Anchor } from './anchor-policy.ts'

/** Events that become a transaction. */
export type CallEvent = EventOf<
  | 'custody.agreement.signed.v1'
  | 'custody.packed.v1'
  | 'custody.transferred.v1'
  | 'penalty.violation.charged.v1'
>

/** `key` for the journal, `what` for people. */
export type CallName = { key: string; what: string; agreement: Hex }

/** `factory`, and the chain that terms must name. */
export type Place = { factory: Hex; chainId: number }

export function isCallEvent(event: ConsignEvent): event is CallEvent {
  return (
    event.type === 'custody.agreement.signed.v1' ||
    event.type === 'custody.packed.v1' ||
    event.type === 'custody.transferred.v1' ||
    event.type === 'penalty.violation.charged.v1'
  )
}

export function callName({ type, data }: CallEvent): CallName {
  const { agreement } = data
  switch (type) {
    case 'custody.agreement.signed.v1':
      return { key: `agreement:${agreement}`, what: 'create the agreement', agreement }
    case 'custody.packed.v1':
      return { key: `start:${agreement}`, what: 'record the start of leg 0', agreement }
    case 'custody.transferred.v1':
      return { key: `cut:${agreement}:${data.leg}`, what: `record the cut of leg ${data.leg}`, agreement }
    case 'penalty.violation.charged.v1': {
      const what = `prove the ${data.metric} violation in leg ${data.leg}`
      return { key: `violation:${data.caseId}`, what, agreement }
    }
  }
}

/** `run`: what linkedRun gives for a violation; not needed by the others. Throws a Refusal when the event can have no transaction. */
export function callOf(
  event: CallEvent,
  known: Agreement,
  place: Place,
  run: Uint8Array[],
): { to: Hex; data: Hex } {
  const { agreement } = event.data
  switch (event.type) {
    case 'custody.agreement.signed.v1':
      return { to: place.factory, data: creation(event.data, place.chainId) }
    case 'custody.packed.v1': {
      const args = startArguments({ terms: termsOf(known), keys: event.data.keys })
      return { to: agreement, data: encodeFunctionData({ abi: agreementAbi, functionName: 'start', args }) }
    }
    case 'custody.transferred.v1':
      return { to: agreement, data: cut(event.data, known) }
    case 'penalty.violation.charged.v1':
      return { to: agreement, data: violation(event.data, known, run) }
  }
}

/** Writes root and size of the tree. */
export function anchorCall({ seq, root, size }: Anchor, anchorLog: Hex): Intent {
  const args = [BigInt(seq), root, BigInt(size)] as const
  const data = encodeFunctionData({ abi: anchorLogAbi, functionName: 'anchor', args })
  return { key: `anchor:${seq}`, to: anchorLog, data, what: `anchor ${size} envelopes` }
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

/** Keys that must be settled before this intent can succeed: an agreement before its start, a leg before what happens in it. */
export function settledBefore({ key, data, agreement }: Intent): readonly string[] {
  const [kind, , leg] = key.split(':')
  if (agreement === undefined) return []
  if (kind === 'start') return [`agreement:${agreement}`]
  if (kind === 'cut') return [beginningOf(agreement, Number(leg))]
  if (kind !== 'violation') return []
  return [beginningOf(agreement, Number(decodeFunctionData({ abi: agreementAbi, data }).args?.[0]))]
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

function cut(transferred: EventData<'custody.transferred.v1'>, known: Agreement): Hex {
  const { leg, to, offer, accept, cut } = transferred
  const terms = termsOf(known)
  if (partyByWallet(terms, to) === undefined)
    throw new Refusal('agreement.party', `${to}, who accepted, is no party of the terms`)
  const args = cutArguments({ terms, keys: keysOf(known, leg), offer, accept, cut })
  return encodeFunctionData({ abi: agreementAbi, functionName: 'recordCut', args })
}

function violation(
  charged: EventData<'penalty.violation.charged.v1'>,
  known: Agreement,
  run: Uint8Array[],
): Hex {
  const { leg, limitId, startSeq, startIndex } = charged
  const terms = termsOf(known)
  const limit = limitById(terms, limitId)
  if (limit === undefined) throw new Refusal('violation.limit', `the terms have no limit ${limitId}`)
  if (!isProvable(limit)) throw new Refusal('violation.limit', `only services judge limit ${limitId}`)
  const start = { seq: startSeq, index: startIndex }
  const [call] = violationCalls({ terms, limit, keys: keysOf(known, leg), run, start })
  if (call === undefined) throw new Refusal('violation.run', 'the violation has no envelopes')
  return encodeFunctionData({ abi: agreementAbi, ...call })
}

function beginningOf(agreement: Hex, leg: number): string {
  return leg === 0 ? `start:${agreement}` : `cut:${agreement}:${leg - 1}`
}

function termsOf({ terms }: Agreement): Terms {
  if (terms === undefined)
    throw new Refusal('agreement.unknown', 'the log has no signed terms of it before this event')
  return terms
}

function keysOf({ legKeys }: Agreement, leg: number): Hex {
  const keys = legKeys.get(leg)
  if (keys === undefined)
    throw new Refusal('agreement.legKeys', `the log has no keys of leg ${leg} before this event`)
  return keys
}
