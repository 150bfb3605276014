import { limits } from '@consign/terms'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { BaseError, ContractFunctionRevertedError, type Hex, type LocalAccount } from 'viem'
import type { Rows, Shipment } from '../../../contracts/script/shipment.ts'
import {
  type AgreementArguments,
  type AgreementCall,
  agreementAbi,
  agreementFactoryAbi,
  createArguments,
  isProvable,
  type ProvableLimit,
  type WalletClient,
} from '../src/index.ts'

export type Start = AgreementArguments<'start'>
export type Cut = AgreementArguments<'recordCut'>
export type Proof = AgreementArguments<'proveViolation'>

/** The calls of one agreement; each simulates first, so that a refusal comes as the error's name. */
export function calls(client: WalletClient, agreement: Hex) {
  const contract = { address: agreement, abi: agreementAbi } as const
  const send = async (call: AgreementCall, from: { account?: LocalAccount; value?: bigint } = {}) => {
    const account = from.account ?? client.account
    const sent = { ...contract, ...call, account, value: from.value } as unknown
    const { request } = await client.simulateContract(sent as Parameters<typeof client.simulateContract>[0])
    const hash = await client.writeContract(request as Parameters<typeof client.writeContract>[0])
    return client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
  }
  return {
    send,
    start: (args: Start) => send({ functionName: 'start', args }),
    recordCut: (args: Cut) => send({ functionName: 'recordCut', args }),
    prove: (args: Proof) => send({ functionName: 'proveViolation', args }),
    custodianOf: async (leg: number) =>
      (await client.readContract({ ...contract, functionName: 'custodianOf', args: [leg] })).toLowerCase(),
    legOf: (leg: number) => client.readContract({ ...contract, functionName: 'legOf', args: [leg] }),
    caseOf: (id: Hex) => client.readContract({ ...contract, functionName: 'caseOf', args: [id] }),
    events: () => client.getContractEvents({ ...contract, fromBlock: 0n, strict: true }),
  }
}

/** Creates the agreement of the shipment. */
export async function create(client: WalletClient, factory: Hex, shipment: Shipment): Promise<void> {
  const { terms, payerSignature, payeeSignature } = shipment
  const { request } = await client.simulateContract({
    address: factory,
    abi: agreementFactoryAbi,
    functionName: 'create',
    args: createArguments({
      terms,
      payerSignature: payerSignature.ecdsa,
      payeeSignature: payeeSignature.ecdsa,
    }),
    account: client.account,
  })
  await client.waitForTransactionReceipt({ hash: await client.writeContract(request), pollingInterval: 20 })
}

/** The name of the error that the contract refuses with; 'accepted' when it does not. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    const reverted =
      error instanceof BaseError && error.walk((e) => e instanceof ContractFunctionRevertedError)
    if (reverted instanceof ContractFunctionRevertedError) return reverted.data?.errorName ?? 'no named error'
    throw error
  }
  return 'accepted'
}

/** The sample's limit of 40 degrees. */
export const above40 = (shipment: Shipment): ProvableLimit => {
  const [limit] = limits(shipment.terms)
  if (!limit || !isProvable(limit)) throw new Error('no limit')
  return limit
}

/** One reading per value, in degrees Celsius; undefined was not measured. */
export const degrees = (...values: (number | undefined)[]): Rows =>
  values.map((value) =>
    value === undefined ? { humidity: 50_000 } : { temperature: value * 1000, humidity: 50_000 },
  )

/** The sample's draft with another carrier, so that it makes another agreement. */
export function draftWith(carrier: string): typeof SAMPLE_DRAFT {
  const parties = SAMPLE_DRAFT.parties.map((each) =>
    each.name === 'shipper-y' ? { ...each, name: carrier } : each,
  )
  return { ...SAMPLE_DRAFT, parties }
}
