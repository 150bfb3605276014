import type { Hex } from '@consign/envelope'
import { native } from '@consign/envelope'
import { type ManualCut, partyByWallet, signManualCut, termsHash } from '@consign/terms'
import type { SampleAgreement } from '@consign/terms/testing'
import type { SignedManualCut } from '../src/custody/replacement.ts'
import { AGREEMENT, CHAIN_ID } from './rig.ts'

/** Signed by both custodians of the sample, for a device that showed these keys. */
export async function signedManualCut(
  sample: SampleAgreement,
  [from, to]: [string, string],
  nextKeysHash: Hex,
  changes: Partial<ManualCut> = {},
): Promise<SignedManualCut> {
  const [giver, taker] = [sample.parties[from]!, sample.parties[to]!]
  const clause = partyByWallet(sample.terms, taker.wallet.address)!
  const manualCut: ManualCut = {
    termsHash: termsHash(sample.terms),
    ...{ leg: 0, n: 3, timeMs: BigInt(Date.UTC(2026, 10, 2)), to: clause.wallet, nextKeysHash },
    ...{ amount: BigInt(clause.amount), penaltyMax: BigInt(clause.penaltyCap) },
    reasonsHash: `0x${'0e'.repeat(32)}`,
    ...changes,
  }
  const place = { chainId: CHAIN_ID, agreement: AGREEMENT }
  const sign = (keys: typeof giver) => signManualCut(native, keys, place, manualCut)
  return { agreement: AGREEMENT, manualCut, fromSignature: await sign(giver), toSignature: await sign(taker) }
}
