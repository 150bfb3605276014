// Deploys Consign's contracts once per chain, and those of an organisation once per organisation. All go through the deterministic deployer, so
// that addresses follow from bytecode and constructor arguments alone: on every chain the same, and known without one.
import {
  type Account,
  type Address,
  type Client,
  concat,
  encodeDeployData,
  getContractAddress,
  getCreate2Address,
  type Hex,
  keccak256,
  toHex,
} from 'viem'
import {
  getChainId,
  getCode,
  sendRawTransaction,
  sendTransaction,
  waitForTransactionReceipt,
} from 'viem/actions'
import { agreementClaimsBytecode } from './generated/agreementClaims.ts'
import { agreementDisputesAbi, agreementDisputesBytecode } from './generated/agreementDisputes.ts'
import { agreementFactoryAbi, agreementFactoryBytecode } from './generated/agreementFactory.ts'
import { agreementPayoutBytecode } from './generated/agreementPayout.ts'
import { anchorLogBytecode } from './generated/anchorLog.ts'
import { collateralEscrowAbi, collateralEscrowBytecode } from './generated/collateralEscrow.ts'
import { partyRegistryAbi, partyRegistryBytecode } from './generated/partyRegistry.ts'
import { postedPriceFeedAbi, postedPriceFeedBytecode } from './generated/postedPriceFeed.ts'
import { slhDsaVerifierBytecode } from './generated/slhDsaVerifier.ts'

/** Contracts that all organisations on a chain share; addresses in lower case. */
export type SharedContracts = {
  verifier: Address
  anchorLog: Address
  registry: Address
  claims: Address
  disputes: Address
  payout: Address
  factory: Address
  implementation: Address
}

/** What one organisation's agreements are covered with and paid in. */
export type OrganisationContracts = {
  organisation: Address
  priceFeed: Address
  escrow: Address
  token: Address
}

export type Deployment = { chainId: number } & SharedContracts & OrganisationContracts

/**
 * Whose escrow it is. `priceFeed`: USD per ether; without one a feed is deployed to which the organisation itself posts, for development and for
 * chains without an oracle. `priceAgeMaxS`: age from which a price is stale.
 */
export type OrganisationChoice = { organisation: Address; priceFeed?: Address; priceAgeMaxS?: number }

/** https://github.com/Arachnid/deterministic-deployment-proxy: takes `salt 32 ‖ initcode`. anvil has it from the start. */
export const DETERMINISTIC_DEPLOYER: Address = '0x4e59b44847b379578588920ca78fbf26c0b4956c'

/** Chainlink's heartbeat for ETH / USD on Ethereum is an hour. */
const PRICE_AGE_MAX_S = 3600
const POSTED_DECIMALS = 8
const POSTED_DESCRIPTION = 'ETH / USD'

const SALT = keccak256(toHex('consign 1'))

// The deployer's own creation, signed by nobody: whoever recovers its signer gets an address that can send this one transaction, for 0.01 ether.
const DEPLOYER_SIGNER: Address = '0x3fab184622dc19b6109349b94811493bf2a45362'
const DEPLOYER_COST_WEI = 10n ** 16n
const DEPLOYER_CREATION: Hex =
  '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222'

type Deployer = { client: Client; account: Account }
type Planned = { address: Address; initcode: Hex }

/**
 * Deploys what is not there yet and says where everything is; a repetition sends no transaction. `account` sends; the organisation is its address
 * unless another is named. Throws when a deployment is reverted, or the chain refuses the deterministic deployer.
 */
export async function deployConsign(options: Deployer & Partial<OrganisationChoice>): Promise<Deployment> {
  const { client, account } = options
  const chainId = await getChainId(client)
  await ensureDeployer(options)
  const { contracts, planned } = plan({ ...options, organisation: options.organisation ?? account.address })
  for (const step of planned) await deployByCreate2(options, step)
  return { chainId, ...contracts }
}

/** Where `deployConsign` puts the contracts, on every chain. */
export function deterministicAddresses(choice: OrganisationChoice): SharedContracts & OrganisationContracts {
  return plan(choice).contracts
}

function plan(choice: OrganisationChoice): {
  contracts: SharedContracts & OrganisationContracts
  planned: Planned[]
} {
  const planned: Planned[] = []
  const place = (initcode: Hex): Address => {
    const address = lower(getCreate2Address({ from: DETERMINISTIC_DEPLOYER, salt: SALT, bytecode: initcode }))
    planned.push({ address, initcode })
    return address
  }
  const shared = planShared(place)
  return { contracts: { ...shared, ...planOrganisation(place, choice, shared.factory) }, planned }
}

function planShared(place: (initcode: Hex) => Address): SharedContracts {
  const verifier = place(slhDsaVerifierBytecode)
  const anchorLog = place(anchorLogBytecode)
  const registry = place(
    encodeDeployData({ abi: partyRegistryAbi, bytecode: partyRegistryBytecode, args: [verifier] }),
  )
  const claims = place(agreementClaimsBytecode)
  const disputes = place(
    encodeDeployData({
      abi: agreementDisputesAbi,
      bytecode: agreementDisputesBytecode,
      args: [verifier, anchorLog],
    }),
  )
  const payout = place(agreementPayoutBytecode)
  const factory = place(
    encodeDeployData({
      abi: agreementFactoryAbi,
      bytecode: agreementFactoryBytecode,
      args: [claims, disputes, payout],
    }),
  )
  return {
    verifier,
    anchorLog,
    registry,
    claims,
    disputes,
    payout,
    factory,
    implementation: firstChild(factory),
  }
}

function planOrganisation(
  place: (initcode: Hex) => Address,
  choice: OrganisationChoice,
  factory: Address,
): OrganisationContracts {
  const organisation = lower(choice.organisation)
  const priceFeed = choice.priceFeed
    ? lower(choice.priceFeed)
    : place(
        encodeDeployData({
          abi: postedPriceFeedAbi,
          bytecode: postedPriceFeedBytecode,
          args: [organisation, POSTED_DECIMALS, POSTED_DESCRIPTION],
        }),
      )
  const escrow = place(
    encodeDeployData({
      abi: collateralEscrowAbi,
      bytecode: collateralEscrowBytecode,
      args: [organisation, factory, priceFeed, BigInt(choice.priceAgeMaxS ?? PRICE_AGE_MAX_S)],
    }),
  )
  return { organisation, priceFeed, escrow, token: firstChild(escrow) }
}

// What a contract creates first, in its constructor: the nonce of a contract begins at 1.
function firstChild(parent: Address): Address {
  return lower(getContractAddress({ from: parent, nonce: 1n }))
}

async function ensureDeployer(deployer: Deployer): Promise<void> {
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

async function deployByCreate2(deployer: Deployer, { address, initcode }: Planned): Promise<void> {
  const { client } = deployer
  if (await hasCode(client, address)) return
  try {
    await send(deployer, { to: DETERMINISTIC_DEPLOYER, data: concat([SALT, initcode]) })
  } catch (error) {
    // Another process may have deployed it meanwhile: only the code counts.
    if (!(await hasCode(client, address))) throw error
  }
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

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}
