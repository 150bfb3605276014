// Deploys Consign's contracts once per chain, and those of an organisation once per organisation. All go through the deterministic deployer, so
// that addresses follow from bytecode and constructor arguments alone: on every chain the same, and known without one.
import { type Address, encodeDeployData, getContractAddress, type Hex, keccak256, toHex } from 'viem'
import { getChainId } from 'viem/actions'
import { create2Address, type Deployer, deployByCreate2, ensureDeployer } from './create2.ts'
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

/** Chainlink's heartbeat for ETH / USD on Ethereum is an hour. */
const PRICE_AGE_MAX_S = 3600
const POSTED_DECIMALS = 8
const POSTED_DESCRIPTION = 'ETH / USD'

const SALT = keccak256(toHex('consign 1'))

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
  for (const { initcode } of planned) await deployByCreate2(options, SALT, initcode)
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
    const address = create2Address(SALT, initcode)
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

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}
