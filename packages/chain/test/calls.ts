import { parseEnvelope } from '@consign/envelope'
import { limits, type Terms } from '@consign/terms'
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
  violationCalls,
  type WalletClient,
} from '../src/index.ts'

/** EIP-7825. */
const GAS_MAX = 16_777_216n

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
    // Not the estimate: what is written with the time costs more when a second has passed since.
    const generous = { ...request, gas: GAS_MAX } as Parameters<typeof client.writeContract>[0]
    const hash = await client.writeContract(generous)
    const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
    if (receipt.status !== 'success') throw new Error(`${call.functionName} was reverted in its block`)
    return receipt
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

/** Arguments of a proof whose first reading outside is reading `index` of the run's last envelope. */
export function proofOf(evidence: {
  terms: Terms
  limit: ProvableLimit
  keys: Hex
  run: Uint8Array[]
  index: number
}): Proof {
  const { index, run, ...rest } = evidence
  const last = run.at(-1)
  if (!last) throw new Error('the run is empty')
  const start = { seq: parseEnvelope(last).header.seq, index }
  const [call] = violationCalls({ ...rest, run, start })
  if (call?.functionName !== 'proveViolation') throw new Error('it does not fit in one transaction')
  return call.args
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
