// Deployment through the deterministic deployer: an address follows from salt and initcode alone, on every chain the same and known without one, and
// what is there already is left as it is. https://github.com/Arachnid/deterministic-deployment-proxy, EIP-1014.
import { type Account, type Address, type Client, concat, getCreate2Address, type Hex } from 'viem'
import { getCode, sendRawTransaction, sendTransaction, waitForTransactionReceipt } from 'viem/actions'

/** `account` pays; it is not the creator that a constructor sees: that is the deterministic deployer. */
export type Deployer = { client: Client; account: Account }

/** Takes `salt 32 ‖ initcode`. anvil has it from the start. */
export const DETERMINISTIC_DEPLOYER: Address = '0x4e59b44847b379578588920ca78fbf26c0b4956c'

// The deployer's own creation, signed by nobody: whoever recovers its signer gets an address that can send this one transaction, for 0.01 ether.
const DEPLOYER_SIGNER: Address = '0x3fab184622dc19b6109349b94811493bf2a45362'
const DEPLOYER_COST_WEI = 10n ** 16n
const DEPLOYER_CREATION: Hex =
  '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222'

/** Where `deployByCreate2` puts `initcode`, in lower case. */
export function create2Address(salt: Hex, initcode: Hex): Address {
  return getCreate2Address({
    from: DETERMINISTIC_DEPLOYER,
    salt,
    bytecode: initcode,
  }).toLowerCase() as Address
}

/** Puts the deterministic deployer on a chain that has none. Throws when the chain does not take it. */
export async function ensureDeployer(deployer: Deployer): Promise<void> {
  const { client } = deployer
  if (await hasCode(client, DETERMINISTIC_DEPLOYER)) return
  await send(deployer, { to: DEPLOYER_SIGNER, value: DEPLOYER_COST_WEI })
  const hash = await sendRawTransaction(client, { serializedTransaction: DEPLOYER_CREATION })
  await waitForTransactionReceipt(client, { hash })
  if (!(await hasCode(client, DETERMINISTIC_DEPLOYER)))
    throw new Error(
      `the chain has no deterministic deployer at ${DETERMINISTIC_DEPLOYER}, and did not take it`,
    )
}

/** Deploys `initcode` unless it is there; throws when the deployment is reverted. */
export async function deployByCreate2(deployer: Deployer, salt: Hex, initcode: Hex): Promise<Address> {
  const { client } = deployer
  const address = create2Address(salt, initcode)
  if (await hasCode(client, address)) return address
  try {
    await send(deployer, { to: DETERMINISTIC_DEPLOYER, data: concat([salt, initcode]) })
  } catch (error) {
    // Another process may have deployed it meanwhile: only the code counts.
    if (!(await hasCode(client, address))) throw error
  }
  return address
}

async function send(
  { client, account }: Deployer,
  transaction: { to: Address; data?: Hex; value?: bigint },
): Promise<void> {
  const hash = await sendTransaction(client, { ...transaction, account, chain: null })
  const receipt = await waitForTransactionReceipt(client, { hash })
  if (receipt.status !== 'success') throw new Error(`the deployment ${hash} was reverted`)
}

async function hasCode(client: Client, address: Address): Promise<boolean> {
  return (await getCode(client, { address })) !== undefined
}
