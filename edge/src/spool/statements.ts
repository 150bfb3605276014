import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Prepares each statement once: preparing costs more than running. */
export type Prepare = (sql: string) => StatementSync

export function preparing(db: DatabaseSync): Prepare {
  const known = new Map<string, StatementSync>()
  return (sql) => {
    const statement = known.get(sql) ?? db.prepare(sql)
    known.set(sql, statement)
    return statement
  }
}
