/** Transactions under a name of their own: the next try, `<name>:1`, only when one before it failed for good and could move nothing any more. */
import type { Transaction, TxJournal } from '@consign/chain'

export type Try = { key: string; transaction: Transaction | undefined; failed: Transaction | undefined }

/** The first try that has not failed for good; `failed` is the one before it. */
export function currentTry(
  journal: TxJournal,
  name: string,
  hasFailed: (transaction: Transaction) => boolean,
): Try {
  let failed: Transaction | undefined
  for (let number = 0; ; number++) {
    const key = number === 0 ? name : `${name}:${number}`
    const transaction = journal.transaction(key)
    if (transaction === undefined || !hasFailed(transaction)) return { key, transaction, failed }
    failed = transaction
  }
}
