import { collateralEscrowAbi, type Deployment, partyRegistryAbi, postedPriceFeedAbi } from '@consign/chain'
import { createWalletClient, type Hex, http, parseEther, publicActions, sha256, toHex } from 'viem'
import { anvil as anvilChain } from 'viem/chains'
import type { Anvil } from './anvil.ts'
import type { Identity } from './identities.ts'

/** 3,000 USD per ether, with the feed's 8 decimals. A demo has no oracle: the organisation posts the price itself, for everybody to see. */
const PRICE = 3000n * 10n ** 8n
/** What is issued stands in the supply and, once it is promised, in the reservations too: cover for both, and a tenth for fees. */
const COVER_TENTHS = 22n
const GAS_MONEY = parseEther('100')

/** Backs the organisation's token with ether and issues `tokens` of it to each holder, before its wallet belongs to the settlement service. */
export async function openTreasury(
  anvil: Anvil,
  { priceFeed, escrow, chainId }: Deployment,
  organisation: Identity,
  holders: readonly Hex[],
  tokens: bigint,
): Promise<void> {
  const wallet = walletOf(anvil, organisation)
  const address = organisation.wallet.address
  await anvil.client.setBalance({ address, value: GAS_MONEY })
  const mined = async (hash: `0x${string}`) => {
    const { status } = await wallet.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new Error(`${hash} was reverted on chain ${chainId}`)
  }
  await mined(
    await wallet.writeContract({
      address: priceFeed,
      abi: postedPriceFeedAbi,
      functionName: 'post',
      args: [PRICE],
    }),
  )
  const value = await wallet.readContract({
    address: escrow,
    abi: collateralEscrowAbi,
    functionName: 'collateralFor',
    args: [(tokens * BigInt(holders.length) * COVER_TENTHS) / 10n],
  })
  await anvil.client.setBalance({ address, value: value + GAS_MONEY })
  for (const [i, holder] of holders.entries())
    await mined(
      await wallet.writeContract({
        address: escrow,
        abi: collateralEscrowAbi,
        functionName: 'issue',
        args: [holder, tokens],
        value: i === 0 ? value : 0n,
      }),
    )
}

const registrations = new Map<string, Promise<void>>()

/** Publishes which post-quantum keys belong to the party's wallet, once, however many of its shipments begin at the same time. */
export function registerParty(anvil: Anvil, deployment: Deployment, party: Identity): Promise<void> {
  const name = `${anvil.url} ${party.wallet.address}`
  const registered = registrations.get(name) ?? register(anvil, deployment, party)
  registrations.set(name, registered)
  return registered
}

async function register(anvil: Anvil, { registry }: Deployment, party: Identity): Promise<void> {
  await anvil.client.setBalance({ address: party.wallet.address, value: GAS_MONEY })
  const wallet = walletOf(anvil, party)
  const { mlDsa, slhDsa } = party.pq.public
  const hash = await wallet.writeContract({
    address: registry,
    abi: partyRegistryAbi,
    functionName: 'register',
    args: [sha256(mlDsa), toHex(slhDsa)],
  })
  await wallet.waitForTransactionReceipt({ hash })
}

function walletOf(anvil: Anvil, { wallet }: Identity) {
  return createWalletClient({
    account: wallet,
    chain: anvilChain,
    transport: http(anvil.url),
    pollingInterval: 50,
  }).extend(publicActions)
}
