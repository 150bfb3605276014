/**
 * The order of clauses in a document: by number of their kind, parties by index, what costs something by limitId, channels by the wallet that
 * they lead to. docs/formats.md, Terms.
 */
import { CLAUSE_KINDS, type Clause } from './clauses.ts'

/** The field by which clauses of one kind ascend; undefined for kinds of which terms hold one. */
export function rankField(clause: Clause): 'index' | 'limitId' | 'to' | undefined {
  if (clause.kind === 'party') return 'index'
  if (clause.kind === 'channel') return 'to'
  return 'limitId' in clause ? 'limitId' : undefined
}

/** The place within its kind: a number, or lower case hex of one length. */
export function rank(clause: Clause): number | string {
  if (clause.kind === 'party') return clause.index
  if (clause.kind === 'channel') return clause.to
  return 'limitId' in clause ? clause.limitId : 0
}

/** For sorting. */
export function inDocumentOrder(a: Clause, b: Clause): number {
  const kinds = CLAUSE_KINDS[a.kind] - CLAUSE_KINDS[b.kind]
  if (kinds !== 0) return kinds
  const [one, other] = [rank(a), rank(b)]
  return one < other ? -1 : one > other ? 1 : 0
}
