/**
 * When the growing tree of all envelopes is anchored. Pure. At most one anchor is open at a time, so that a chain that is away for an hour
 * costs one anchor and not many. With new envelopes, the next one is due
 *   at once when a leg has ended or the goods were delivered since the last anchor, or when ANCHOR_ENVELOPES_MAX envelopes are new,
 *   else ANCHOR_MS after the last one, or after the start of the process, which does not know when the last one was.
 */
import type { Decider } from '@consign/eventlog'
import type { Hex } from 'viem'

export type AnchorPolicy = { anchorMs: number; envelopesMax: number }

/** `root` is the tree's root at the size last told by `tree.grown`. */
export type AnchorCommand = { type: 'consider'; nowMs: number; root: Hex; policy: AnchorPolicy }

export type Anchor = { seq: number; root: Hex; size: number }

/** What the policy goes by; each follows from a message of the log or from the journal, so none is stored again. */
export type AnchorFact =
  | { type: 'writer.started'; data: { atMs: number } }
  | { type: 'tree.grown'; data: { size: number } }
  | { type: 'leg.closed'; data: object }
  | { type: 'anchor.intended'; data: Anchor & { atMs: number } }
  | { type: 'anchor.settled'; data: { seq: number } }

/** `closedSize`: the tree's size when a leg last ended. */
export type AnchorState = {
  size: number
  closedSize: number
  anchoredSize: number
  nextSeq: number
  lastAtMs: number
  open: boolean
}

export const anchorDecider: Decider<AnchorCommand, AnchorFact, AnchorState> = {
  initial: { size: 0, closedSize: 0, anchoredSize: 0, nextSeq: 0, lastAtMs: 0, open: false },

  decide({ nowMs, root, policy }, state) {
    const dueAtMs = anchorDueAtMs(state, policy)
    if (dueAtMs === undefined || nowMs < dueAtMs) return []
    const { nextSeq: seq, size } = state
    return [{ type: 'anchor.intended', data: { seq, root, size, atMs: nowMs } }]
  },

  evolve(state, fact) {
    switch (fact.type) {
      case 'writer.started':
        return { ...state, lastAtMs: fact.data.atMs }
      case 'tree.grown':
        return { ...state, size: fact.data.size }
      case 'leg.closed':
        return { ...state, closedSize: state.size }
      case 'anchor.intended': {
        const { seq, size, atMs } = fact.data
        return { ...state, nextSeq: seq + 1, anchoredSize: size, lastAtMs: atMs, open: true }
      }
      case 'anchor.settled':
        return { ...state, open: state.open && fact.data.seq !== state.nextSeq - 1 }
      default:
        return unreachable(fact)
    }
  },
}

/** ms UTC, 0 for at once; undefined while there is nothing new or an anchor is open. */
export function anchorDueAtMs(state: AnchorState, policy: AnchorPolicy): number | undefined {
  const fresh = state.size - state.anchoredSize
  if (state.open || fresh <= 0) return undefined
  if (state.closedSize > state.anchoredSize || fresh >= policy.envelopesMax) return 0
  return state.lastAtMs + policy.anchorMs
}

function unreachable(never: never): never {
  throw new Error(`Unknown anchor fact: ${JSON.stringify(never)}`)
}
