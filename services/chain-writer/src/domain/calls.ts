/**
 * The contract calls that events of the log lead to, each under the key that names it for ever. Pure. What a call needs from before it
 * (`settledBefore`) follows from its intent alone, so that a restart waits for the same.
 */
import {
  agreementAbi,
  agreementFactoryAbi,
  anchorLogAbi,
  cutArguments,
  disclosureFor,
  type Intent,
  startArguments,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventData } from '@consign/events'
import { general, limitById, payee, payer, type Terms } from '@consign/terms'
import { decodeFunctionData, encodeFunctionData, type Hex } from 'viem'
import type { Agreement } from './agreements.ts'
import type { Anchor } from './anchor-policy.ts'

/** Creates the agreement. Throws Refusal 'agreement.chainId' when the terms are for another chain. */
export function creationCall(
  signed: EventData<'custody.agreement.signed.v1'>,
  at: { factory: Hex; chainId: number },
): Intent {
  const { agreement, terms, termsHash, payerSignature, payeeSignature } = signed
  const { chainId } = general(terms)
  if (chainId !== at.chainId)
    throw new Refusal(
      'agreement.chainId',
      `the terms are for chain ${chainId}, this writer serves ${at.chainId}`,
    )
  const data = encodeFunctionData({
    abi: agreementFactoryAbi,
    functionName: 'create',
    args: [termsHash, payer(terms).wallet, payee(terms).wallet, payerSignature.ecdsa, payeeSignature.ecdsa],
  })
  return { key: `agreement:${agreement}`, to: at.factory, data, what: 'create the agreement', agreement }
}

/** Records the start of leg 0. */
export function startCall(packed: EventData<'custody.packed.v1'>, known: Agreement): Intent {
  const { agreement, keys } = packed
  const args = startArguments({ terms: termsOf(known, agreement), keys })
  const data = encodeFunctionData({ abi: agreementAbi, functionName: 'start', args })
  return { key: `start:${agreement}`, to: agreement, data, what: 'record the start of leg 0', agreement }
}

/** Records that custody moved. */
export function cutCall(transferred: EventData<'custody.transferred.v1'>, known: Agreement): Intent {
  const { agreement, leg, offer, accept, cut } = transferred
  const args = cutArguments({
    terms: termsOf(known, agreement),
    keys: keysOf(known, agreement, leg),
    offer,
    accept,
    cut,
  })
  const data = encodeFunctionData({ abi: agreementAbi, functionName: 'recordCut', args })
  return {
    key: `cut:${agreement}:${leg}`,
    to: agreement,
    data,
    what: `record the cut of leg ${leg}`,
    agreement,
  }
}

/** Proves a violation; `run` as linkedRun gives it. */
export function violationCall(
  charged: EventData<'penalty.violation.charged.v1'>,
  known: Agreement,
  run: Uint8Array[],
): Intent {
  const { agreement, leg, limitId, startIndex } = charged
  const terms = termsOf(known, agreement)
  const limit = limitById(terms, limitId)
  if (limit === undefined)
    throw new Refusal('violation.limit', `the terms of ${agreement} have no limit ${limitId}`)
  const args = disclosureFor({ terms, limit, keys: keysOf(known, agreement, leg), run, index: startIndex })
  const data = encodeFunctionData({ abi: agreementAbi, functionName: 'proveViolation', args })
  return { key: violationKey(charged), to: agreement, data, what: violationWhat(charged), agreement }
}

export function violationKey({ caseId }: { caseId: Hex }): string {
  return `violation:${caseId}`
}

export function violationWhat({ leg, metric }: { leg: number; metric: string }): string {
  return `prove the ${metric} violation in leg ${leg}`
}

/** Writes root and size of the tree. */
export function anchorCall({ seq, root, size }: Anchor, anchorLog: Hex): Intent {
  const data = encodeFunctionData({
    abi: anchorLogAbi,
    functionName: 'anchor',
    args: [BigInt(seq), root, BigInt(size)],
  })
  return { key: `anchor:${seq}`, to: anchorLog, data, what: `anchor ${size} envelopes` }
}

/** The anchor that an intent of `anchorCall` carries; undefined for other intents. */
export function anchorOf({ key, data }: { key: string; data?: Hex }): Anchor | undefined {
  if (!key.startsWith('anchor:') || data === undefined) return undefined
  const { args } = decodeFunctionData({ abi: anchorLogAbi, data })
  const [seq, root, size] = args as readonly [bigint, Hex, bigint]
  return { seq: Number(seq), root, size: Number(size) }
}

/** Keys that must be settled before this intent can succeed: an agreement before its start, a leg before what happens in it. */
export function settledBefore({ key, data, agreement }: Intent): readonly string[] {
  const [kind, , leg] = key.split(':')
  if (kind === 'start') return [`agreement:${agreement}`]
  if (kind === 'cut') return [beginningOf(agreement!, Number(leg))]
  if (kind !== 'violation') return []
  const { args } = decodeFunctionData({ abi: agreementAbi, data })
  return [beginningOf(agreement!, Number(args?.[0]))]
}

function beginningOf(agreement: Hex, leg: number): string {
  return leg === 0 ? `start:${agreement}` : `cut:${agreement}:${leg - 1}`
}

function termsOf(known: Agreement, agreement: Hex): Terms {
  if (known.terms === undefined)
    throw new Refusal('agreement.unknown', `the log has no signed terms of ${agreement} before this event`)
  return known.terms
}

function keysOf(known: Agreement, agreement: Hex, leg: number): Hex {
  const keys = known.legKeys.get(leg)
  if (keys === undefined)
    throw new Refusal(
      'agreement.legKeys',
      `the log has no keys of leg ${leg} of ${agreement} before this event`,
    )
  return keys
}
