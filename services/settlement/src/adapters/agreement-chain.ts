/**
 * What the chain says of an agreement, and the organisation's transactions that change it, each under a key of its own. What is true on chain
 * counts, whoever made it so: others may fund, conclude and release too.
 */
import {
  type AgreementCall,
  agreementAbi,
  encodeAgreementCall,
  fundArguments,
  type Intent,
  releaseArguments,
  settleArguments,
  settlementTokenAbi,
  type TxJournal,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { general, guaranteeOf, partyByWallet } from '@consign/terms'
import {
  type Client,
  ContractFunctionExecutionError,
  ContractFunctionZeroDataError,
  encodeFunctionData,
  type Hex,
} from 'viem'
import { readContract } from 'viem/actions'
import { type AgreementFile, guaranteeTotal, type Step } from '../domain/agreement-file.ts'

/** Refusals that time or others lift; a phase of 0 is that of an agreement that has not started. */
export const LIFTED_ERRORS = [
  'AgreementPhaseUnexpected(0)',
  'AgreementNotSettleable',
  'AgreementDisputesOpen',
  'ERC20InsufficientBalance',
  'ERC20InsufficientAllowance',
] as const

/** Keys that must be settled before this intent can succeed. */
export function settledBefore({ key, agreement }: Intent): readonly string[] {
  return key.startsWith('fund:') ? [`approve:${agreement}`] : []
}

export type AgreementChainOptions = {
  client: Client
  token: Hex
  /** of what is read: what counts as true is final */
  blockTag: 'latest' | 'finalized'
}

export type AgreementChain = ReturnType<typeof agreementChain>

export function agreementChain({ client, token, blockTag }: AgreementChainOptions) {
  const read = async <T>(
    file: AgreementFile,
    functionName: string,
    args: readonly unknown[] = [],
  ): Promise<T> => {
    const call = { address: file.agreement, abi: agreementAbi, functionName, args, blockTag }
    try {
      return (await readContract(client, call as Parameters<typeof readContract>[1])) as T
    } catch (cause) {
      if (!(cause instanceof ContractFunctionExecutionError)) throw cause
      if (!cause.walk((each) => each instanceof ContractFunctionZeroDataError)) throw cause
      throw new Refusal('agreement.absent', `${file.agreement} is not on chain yet`, { cause, retry: true })
    }
  }

  return {
    isFunded: (file: AgreementFile) => read<boolean>(file, 'isFunded'),

    /** ms UTC; undefined before. */
    async settledAtMs(file: AgreementFile): Promise<number | undefined> {
      const seconds = Number(await read<bigint>(file, 'settledAt'))
      return seconds === 0 ? undefined : seconds * 1000
    },

    acknowledgedBy: (file: AgreementFile, wallet: Hex) => read<bigint>(file, 'acknowledgedBy', [wallet]),

    /** Cases that the chain does not know yet. */
    async missingCases(file: AgreementFile, caseIds: readonly Hex[]): Promise<Hex[]> {
      const states = await Promise.all(
        caseIds.map((caseId) => read<{ provenAt: number }>(file, 'caseOf', [caseId])),
      )
      return caseIds.filter((_, index) => states[index]?.provenAt === 0)
    },

    /** What of a wallet's guarantee went out, and what can still be claimed or released. */
    async guaranteeOf(
      file: AgreementFile,
      wallet: Hex,
    ): Promise<{ claimed: bigint; released: bigint; held: bigint }> {
      const [claimed, released] = await read<[bigint, bigint]>(file, 'guaranteeUsed', [wallet])
      const amount = BigInt(partyByWallet(file.terms, wallet)?.amount ?? 0)
      const guarantee = guaranteeOf(amount, general(file.terms).guaranteeBps)
      return { claimed, released, held: guarantee - claimed - released }
    },

    /** The transactions of a step, in the order in which they go out. */
    intentsOf(file: AgreementFile, step: Step): Intent[] {
      const { agreement, terms } = file
      const toAgreement = (key: string, what: string, call: AgreementCall): Intent => ({
        key,
        what,
        to: agreement,
        data: encodeAgreementCall(call),
        agreement,
      })
      switch (step.type) {
        case 'fund': {
          const args = [agreement, guaranteeTotal(file)] as const
          const data = encodeFunctionData({ abi: settlementTokenAbi, functionName: 'approve', args })
          const what = `let the agreement take its guarantee of ${args[1]}`
          return [
            { key: `approve:${agreement}`, what, to: token, data, agreement },
            toAgreement(`fund:${agreement}`, 'fund the guarantee', {
              functionName: 'fund',
              args: fundArguments(terms),
            }),
          ]
        }
        case 'conclude': {
          const call = { functionName: 'settle', args: settleArguments(terms) } as const
          return [toAgreement(`settle:${agreement}`, 'settle the agreement', call)]
        }
        case 'tell': {
          const { wallet, cumulative, signature } = step.acknowledged
          const args = [wallet, BigInt(cumulative), signature.ecdsa] as const
          const key = `acknowledge:${agreement}:${wallet}:${cumulative}`
          return [toAgreement(key, `record what ${wallet} got`, { functionName: 'acknowledge', args })]
        }
        case 'release': {
          const args = releaseArguments(terms, step.wallet)
          const what = `release the guarantee of ${step.wallet}`
          return [toAgreement(`release:${agreement}:${step.wallet}`, what, { functionName: 'release', args })]
        }
      }
    },
  }
}

/** Submits all and waits for the last of them to be final, in bounded time; why it is not, in words. */
export async function carryOut(
  journal: TxJournal,
  intents: readonly Intent[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const intent of intents) await journal.submit(intent)
  const { key } = intents.at(-1) as Intent
  const outcome = await journal.outcome(key, signal)
  if (outcome?.status === 'refused') return `${key} was refused: ${outcome.reason}`
  return outcome === undefined ? (journal.delayed(key) ?? `${key} is not final yet`) : undefined
}
