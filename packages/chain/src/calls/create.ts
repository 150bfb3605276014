import { discloseClause, general, payee, payer, type Terms, termsHash } from '@consign/terms'
import type { ContractFunctionArgs, Hex } from 'viem'
import type { agreementFactoryAbi } from '../generated/agreementFactory.ts'

/** Arguments of `AgreementFactory.create`: the terms with the wallet signatures of payer and payee, 65 bytes or what an ERC-1271 account takes. */
export function createArguments(signed: {
  terms: Terms
  payerSignature: Hex
  payeeSignature: Hex
}): ContractFunctionArgs<typeof agreementFactoryAbi, 'nonpayable', 'create'> {
  const { terms, payerSignature, payeeSignature } = signed
  return [
    termsHash(terms),
    payer(terms).wallet,
    payee(terms).wallet,
    payerSignature,
    payeeSignature,
    discloseClause(terms, general(terms)),
  ]
}
