// An organisation on a chain for development: its escrow has a price, collateral and tokens, so that agreements can be made.
import { collateralEscrowAbi, type Deployment, postedPriceFeedAbi, type WalletClient } from '@consign/chain'
import { encodeFunctionData, type Hex, type LocalAccount, parseEther } from 'viem'

/** USD per ether, in the 8 decimals of the posted feed. */
export const POSTED_PRICE = 3_000n * 10n ** 8n

/** `tokens`: what is issued to the organisation, in the smallest unit; `collateralWei`: ether that comes with it. */
export type Cover = { tokens: bigint; collateralWei: bigint }

/** Enough for ten agreements of 1,000 tokens: 20,000 tokens of supply and reservations need 10 ether at this price. */
export const AMPLE_COVER: Cover = { tokens: 10n ** 22n, collateralWei: parseEther('100') }

/**
 * Posts a price and issues tokens against ether. The ether comes from `client`, whose account needs it; the organisation signs, so it is given some
 * for gas too. Needs the posted feed that `deployConsign` makes when none is named.
 */
export async function coverOrganisation(
  client: WalletClient,
  deployment: Deployment,
  organisation: LocalAccount,
  cover: Cover = AMPLE_COVER,
): Promise<void> {
  await mined(
    client,
    client.sendTransaction({
      to: organisation.address,
      value: cover.collateralWei + parseEther('10'),
      chain: null,
    }),
  )
  const send = (to: Hex, data: Hex, value = 0n) =>
    mined(client, client.sendTransaction({ account: organisation, to, data, value, chain: null }))
  await send(deployment.priceFeed, postedPrice())
  await send(
    deployment.escrow,
    encodeFunctionData({
      abi: collateralEscrowAbi,
      functionName: 'issue',
      args: [organisation.address, cover.tokens],
    }),
    cover.collateralWei,
  )
}

/** Calldata that posts the price to the feed of the organisation, who sends it. */
export function postedPrice(): Hex {
  return encodeFunctionData({ abi: postedPriceFeedAbi, functionName: 'post', args: [POSTED_PRICE] })
}

async function mined(client: WalletClient, sent: Promise<Hex>): Promise<void> {
  const receipt = await client.waitForTransactionReceipt({ hash: await sent, pollingInterval: 20 })
  if (receipt.status !== 'success') throw new Error(`${receipt.transactionHash} was reverted`)
}
