import {
  type ContractFunctionArgs,
  type ContractFunctionName,
  type EncodeFunctionDataParameters,
  encodeFunctionData,
  type Hex,
} from 'viem'
import { agreementAbi } from './generated/agreement.ts'

/** Calls that change an agreement. */
export type AgreementCallName = ContractFunctionName<typeof agreementAbi, 'nonpayable' | 'payable'>

/** Arguments of one of them, as viem takes them. */
export type AgreementArguments<Name extends AgreementCallName> = ContractFunctionArgs<
  typeof agreementAbi,
  'nonpayable' | 'payable',
  Name
>

/** A call with its arguments. */
export type AgreementCall = {
  [Name in AgreementCallName]: { functionName: Name; args: AgreementArguments<Name> }
}[AgreementCallName]

/** Calldata of a call. */
export function encodeAgreementCall({ functionName, args }: AgreementCall): Hex {
  return encodeFunctionData({ abi: agreementAbi, functionName, args } as EncodeFunctionDataParameters)
}
