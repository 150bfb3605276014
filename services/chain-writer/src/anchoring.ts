/** Anchors the tree as the policy says, one anchor at a time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Transaction, type TxJournal, untilAnswered } from '@consign/chain'
import type { Hex } from '@consign/events'
import type { Logger } from '@consign/runtime'
import {
  type Anchor,
  type AnchorFact,
  type AnchorPolicy,
  anchorDecider,
  anchorDueAtMs,
} from './domain/anchor-policy.ts'
import { anchorCall, anchorOf, witnessCall } from './domain/calls.ts'
import type { Notary } from './notary.ts'

/** How often the policy is asked, ms: an anchor is late by this much at most. */
const TICK_MS = 100
const DAY_MS = 86_400_000

export type AnchoringOptions = {
  journal: TxJournal
  /** with the log up to now already learnt */
  notary: Notary
  anchorLog: Hex
  policy: AnchorPolicy
  logger: Logger
  step: (name: string) => void
  signal: AbortSignal
  /** ms UTC */
  now: () => number
}

/**
 * Anchors until the signal aborts. When the contract refuses an anchor it ends, with an error in the log: no later one could follow, since
 * another program has anchored with this wallet.
 */
export async function anchorTree(options: AnchoringOptions): Promise<void> {
  const { notary, policy, signal, now } = options
  notary.evolveAnchors({ type: 'writer.started', data: { atMs: now() } })
  let goesOn = await resume(options)
  while (goesOn && !signal.aborted) {
    const nowMs = now()
    if ((anchorDueAtMs(notary.anchors, policy) ?? Number.POSITIVE_INFINITY) > nowMs) {
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined)
      continue
    }
    const command = { type: 'consider', nowMs, root: notary.tree.root(), policy } as const
    for (const fact of anchorDecider.decide(command, notary.anchors))
      if (fact.type === 'anchor.intended') goesOn = await anchor(fact, options)
  }
}

// The last anchor that the journal knows may be in no block yet.
async function resume(options: AnchoringOptions): Promise<boolean> {
  const { journal, notary, now } = options
  let last: Transaction | undefined
  for (let seq = 0, next: Transaction | undefined; ; seq++, last = next) {
    next = journal.transaction(`anchor:${seq}`)
    if (next === undefined) break
  }
  if (last === undefined) return true
  if (hasFailed(last)) return end(last, options)
  const anchor = anchorOf(last)
  notary.evolveAnchors({ type: 'anchor.intended', data: { ...anchor, atMs: now() } })
  return settle(anchor, options)
}

async function anchor(
  fact: AnchorFact & { type: 'anchor.intended' },
  options: AnchoringOptions,
): Promise<boolean> {
  const { journal, notary, signal, logger } = options
  const intent = anchorCall(fact.data, options.anchorLog)
  try {
    await untilAnswered(() => journal.submit(intent), { signal, notices: logger })
  } catch (error) {
    if (signal.aborted) return true
    throw error
  }
  notary.evolveAnchors(fact)
  return settle(fact.data, options)
}

async function settle({ seq, size }: Anchor, options: AnchoringOptions): Promise<boolean> {
  const transaction = await options.journal.settled(`anchor:${seq}`, options.signal)
  if (transaction === undefined) return true
  if (hasFailed(transaction)) return end(transaction, options)
  options.step('chain-writer.anchored')
  options.notary.evolveAnchors({ type: 'anchor.settled', data: { seq } })
  options.logger.info({ seq, size, hash: transaction.mined?.hash }, 'anchored')
  await witness(options)
  return true
}

// Once a day, so that the age of anchors can be told to a day long after: what the contract keeps of a root is not its time.
async function witness({ journal, anchorLog, signal, logger, now }: AnchoringOptions): Promise<void> {
  const intent = witnessCall(journal.address, Math.floor(now() / DAY_MS), anchorLog)
  try {
    await untilAnswered(() => journal.submit(intent), { signal, notices: logger })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function hasFailed({ status, mined }: Transaction): boolean {
  return status === 'refused' || mined?.ok === false
}

function end({ intent, reason, mined }: Transaction, options: AnchoringOptions): false {
  const why = reason ?? `it reverted in ${mined?.hash}`
  options.logger.error(
    { key: intent.key },
    `anchoring has ended: ${why}. Another program anchors with this wallet: give this service a wallet of its own`,
  )
  return false
}
