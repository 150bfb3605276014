import { setTimeout as sleep } from 'node:timers/promises'
import { agreementAbi, contestArguments, walletClient } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { type Terms, windows } from '@consign/terms'
import type { Hex } from 'viem'
import type { Identity } from './identities.ts'

const POLL_MS = 200
const PROVEN_MS_MAX = 60_000
/** Contract's CaseState. */
const PROVEN = 1

export type Charge = { rpcUrl: string; terms: Terms; agreement: Hex; caseId: Hex }

/**
 * The accused contests the case with its own wallet as soon as it is proven on chain, since the window of a demo is seconds. The bond is twice
 * the least, in case the base fee rises. Refusal `party.contest` when the case is never proven, or the chain does not take the contest.
 */
export async function contestOnceProven(
  { wallet }: Identity,
  { rpcUrl, terms, agreement, caseId }: Charge,
): Promise<void> {
  const client = walletClient(rpcUrl, wallet)
  const contract = { address: agreement, abi: agreementAbi } as const
  const stateNow = async () => {
    if ((await client.getCode({ address: agreement })) === undefined) return undefined
    return (await client.readContract({ ...contract, functionName: 'caseOf', args: [caseId] })).state
  }
  for (let waitedMs = 0; (await stateNow()) !== PROVEN; waitedMs += POLL_MS) {
    if (waitedMs >= PROVEN_MS_MAX)
      throw new Refusal('party.contest', `case ${caseId} was not proven within ${PROVEN_MS_MAX / 1000} s.`)
    await sleep(POLL_MS)
  }
  const bondWei = await client.readContract({
    ...contract,
    functionName: 'contestBondWei',
    args: [BigInt(windows(terms).contestBondWei)],
  })
  const hash = await client.writeContract({
    ...contract,
    functionName: 'contest',
    args: contestArguments({ terms, caseId }),
    value: bondWei * 2n,
    chain: null,
  })
  const { status } = await client.waitForTransactionReceipt({ hash })
  if (status !== 'success') throw new Refusal('party.contest', `the contest reverted in ${hash}.`)
}
