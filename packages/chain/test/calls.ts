import { limits } from '@consign/terms'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { BaseError, ContractFunctionRevertedError, type Hex } from 'viem'
import type { Rows, Shipment } from '../../../contracts/script/shipment.ts'
import {
  agreementAbi,
  agreementFactoryAbi,
  type cutArguments,
  type disclosureFor,
  type startArguments,
  type WalletClient,
} from '../src/index.ts'

export type Start = ReturnType<typeof startArguments>
export type Cut = ReturnType<typeof cutArguments>
export type Proof = ReturnType<typeof disclosureFor>

/** The calls of one agreement; each simulates first, so that a refusal comes as the error's name. */
export function calls(client: WalletClient, agreement: Hex) {
  const contract = { address: agreement, abi: agreementAbi, account: client.account } as const
  const mine = async (hash: Hex) => client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
  const write = async (request: { request: unknown }) =>
    mine(await client.writeContract(request.request as Parameters<typeof client.writeContract>[0]))
  return {
    start: async (args: Start) =>
      write(await client.simulateContract({ ...contract, functionName: 'start', args })),
    recordCut: async (args: Cut) =>
      write(await client.simulateContract({ ...contract, functionName: 'recordCut', args })),
    prove: async (args: Proof) =>
      write(await client.simulateContract({ ...contract, functionName: 'proveViolation', args })),
    custodianOf: async (leg: number) =>
      (await client.readContract({ ...contract, functionName: 'custodianOf', args: [leg] })).toLowerCase(),
    legOf: (leg: number) => client.readContract({ ...contract, functionName: 'legOf', args: [leg] }),
    caseOf: (id: Hex) => client.readContract({ ...contract, functionName: 'caseOf', args: [id] }),
    events: () => client.getContractEvents({ ...contract, fromBlock: 0n, strict: true }),
  }
}

/** Creates the agreement of the shipment. */
export async function create(client: WalletClient, factory: Hex, shipment: Shipment): Promise<void> {
  const { request } = await client.simulateContract({
    address: factory,
    abi: agreementFactoryAbi,
    functionName: 'create',
    args: [
      shipment.termsHash,
      shipment.payer,
      shipment.payee,
      shipment.payerSignature.ecdsa,
      shipment.payeeSignature.ecdsa,
    ],
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
export const above40 = (shipment: Shipment) => {
  const [limit] = limits(shipment.terms)
  if (!limit) throw new Error('no limit')
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
