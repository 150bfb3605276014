/** A clause and where it stands in its document, so that a refusal can say where. */
import { Refusal } from '@consign/envelope'
import type { Clause, ClauseKind } from './clauses.ts'

export type Placed<C extends Clause = Clause> = { clause: C; at: string }

export const placed = (clauses: readonly Clause[]): Placed[] =>
  clauses.map((clause, i) => ({ clause, at: `clauses[${i}]` }))

export function ofKind<K extends ClauseKind>(
  all: readonly Placed[],
  ...kinds: K[]
): Placed<Extract<Clause, { kind: K }>>[] {
  return all.filter((each): each is Placed<Extract<Clause, { kind: K }>> =>
    (kinds as ClauseKind[]).includes(each.clause.kind),
  )
}

/** Refuses with `terms.<rule>`, naming the field at fault. */
export function refuse(rule: string, field: string, reason: string): never {
  throw new Refusal(`terms.${rule}`, `${field}: ${reason}`)
}
