/** The order of clauses in a document: by number of their kind, parties by index, what costs something by limitId. docs/formats.md, Terms. */
import { CLAUSE_KINDS, type Clause } from './clauses.ts'

/** The field by which clauses of one kind ascend; undefined for kinds of which terms hold one. */
export function rankField(clause: Clause): 'index' | 'limitId' | undefined {
  if (clause.kind === 'party') return 'index'
  return 'limitId' in clause ? 'limitId' : undefined
}

/** The number within its kind. */
export function rank(clause: Clause): number {
  if (clause.kind === 'party') return clause.index
  return 'limitId' in clause ? clause.limitId : 0
}

/** For sorting. */
export function inDocumentOrder(a: Clause, b: Clause): number {
  return CLAUSE_KINDS[a.kind] - CLAUSE_KINDS[b.kind] || rank(a) - rank(b)
}
