// Gas of settling, of guarantees, and of what stands beside agreements: tokens, escrow, registry.
import {
  claimArguments,
  collateralEscrowAbi,
  partyRegistryAbi,
  releaseArguments,
  settleArguments,
  settlementTokenAbi,
} from '@consign/chain'
import { native } from '@consign/envelope'
import { portableProvider } from '@consign/envelope/portable'
import { parties, partyByName, partyIdentity, signAcknowledgement, windows } from '@consign/terms'
import { encodeFunctionData, type Hex, hexToBytes, parseEther, sha256 } from 'viem'
import type { GasCase, Meter } from './gas-meter.ts'
import { type Journey, partyOf, toAgreement } from './gas-shipment.ts'
import { postedPrice } from './organisation.ts'
import type { Shipment } from './shipment.ts'

/** The target of a settlement: 70,000 and 30,000 for each who is paid. */
const SETTLE_GAS = 70_000n
const SETTLE_GAS_PER_PAYEE = 30_000n

/** Acknowledges what the supplier was paid, settles, and pays the guarantees out. */
export async function measureSettlement(meter: Meter, { shipment }: Journey): Promise<void> {
  const { measure, travel } = meter
  const { terms } = shipment
  const { disputeMs, paymentMs } = windows(terms)
  const supplier = partyByName(terms, 'supplier')?.wallet as Hex
  await measureAcknowledgement(meter, shipment, supplier)
  await travel(disputeMs / 1000 + 1)
  const payees = BigInt(parties(terms).length - 1)
  await measure(
    settlementCase(payees),
    toAgreement(shipment, { functionName: 'settle', args: settleArguments(terms) }),
  )
  await measure(
    { call: 'Agreement.release', what: 'of a party that was paid' },
    toAgreement(shipment, { functionName: 'release', args: releaseArguments(terms, supplier) }),
  )
  await travel(paymentMs / 1000 + 1)
  const unpaid = partyByName(terms, 'shipper-y')?.wallet as Hex
  await measure(
    { call: 'Agreement.claim', what: 'of a party that was not' },
    toAgreement(shipment, { functionName: 'claim', args: claimArguments(terms, unpaid) }),
  )
}

function settlementCase(payees: bigint): GasCase {
  return {
    call: 'Agreement.settle',
    what: `${payees} payees, one charged, each rated for the first time`,
    target: SETTLE_GAS + payees * SETTLE_GAS_PER_PAYEE,
    missed:
      'each first rating by a payer fills a slot, 22,100, where the next one changes it for 5,000; 21,000 is what any transaction costs, 26,000 the calldata that shows parties and windows of the terms, 23,000 the contracts and slots that are touched, 18,000 the events, 9,000 the end of the reservation in the escrow: more than the target before anything is hashed',
  }
}

async function measureAcknowledgement({ measure }: Meter, shipment: Shipment, party: Hex): Promise<void> {
  const cumulative = BigInt(partyByName(shipment.terms, 'supplier')?.amount ?? 0)
  const keys = partyOf(shipment, 'supplier')
  const { ecdsa } = await signAcknowledgement(native, keys, shipment, { party, cumulative })
  await measure(
    { call: 'Agreement.acknowledge', what: 'of a supplier that was paid in full' },
    toAgreement(shipment, { functionName: 'acknowledge', args: [party, cumulative, ecdsa] }),
  )
}

/** Tokens and escrow of the organisation. */
export async function measureMoney({ deployment, measure, send }: Meter, shipment: Shipment): Promise<void> {
  const { token, escrow } = deployment
  const organisation = partyOf(shipment, 'factory').wallet
  const holder = partyOf(shipment, 'supplier').wallet
  const amount = 10n ** 19n
  const transfer = {
    abi: settlementTokenAbi,
    functionName: 'transfer',
    args: [holder.address, amount],
  } as const
  await measure(
    { call: 'SettlementToken.transfer', what: 'to a new holder' },
    { to: token, data: encodeFunctionData(transfer), from: organisation },
  )
  const escrowCall = <Name extends 'issue' | 'redeem' | 'deposit'>(
    functionName: Name,
    args: readonly unknown[],
  ) =>
    encodeFunctionData({ abi: collateralEscrowAbi, functionName, args } as Parameters<
      typeof encodeFunctionData
    >[0])
  await measure(
    { call: 'CollateralEscrow.deposit', what: '' },
    { to: escrow, data: escrowCall('deposit', []), value: parseEther('1') },
  )
  await measure(
    { call: 'PostedPriceFeed.post', what: '' },
    { to: deployment.priceFeed, data: postedPrice(), from: organisation },
  )
  await measure(
    { call: 'CollateralEscrow.issue', what: '' },
    { to: escrow, data: escrowCall('issue', [organisation.address, amount]), from: organisation },
  )
  await send({ to: holder.address, data: '0x', value: parseEther('1') })
  const approve = { abi: settlementTokenAbi, functionName: 'approve', args: [escrow, amount] } as const
  await send({ to: token, data: encodeFunctionData(approve), from: holder })
  await measure(
    { call: 'CollateralEscrow.redeem', what: 'at a fresh price' },
    { to: escrow, data: escrowCall('redeem', [amount]), from: holder },
  )
}

/** A party's post-quantum keys. */
export async function measureRegistry(
  { client, deployment, measure }: Meter,
  shipment: Shipment,
): Promise<void> {
  const keys = partyOf(shipment, 'supplier')
  const party = keys.wallet.address
  const { mlDsaKey, slhDsaKey } = partyIdentity(keys)
  const to = deployment.registry
  const named = [sha256(mlDsaKey), slhDsaKey] as const
  await measure(
    { call: 'PartyRegistry.register', what: '' },
    {
      to,
      data: encodeFunctionData({ abi: partyRegistryAbi, functionName: 'register', args: named }),
      from: keys.wallet,
    },
  )
  const digest = await client.readContract({
    address: to,
    abi: partyRegistryAbi,
    functionName: 'rotationDigest',
    args: [party, ...named],
  })
  const signature = await portableProvider({ deterministic: true }).slhDsaSign(keys.pq, hexToBytes(digest))
  await measure(
    { call: 'PartyRegistry.rotate', what: 'under the SLH-DSA key before' },
    {
      to,
      data: encodeFunctionData({
        abi: partyRegistryAbi,
        functionName: 'rotate',
        args: [party, ...named, `0x${Buffer.from(signature).toString('hex')}`],
      }),
    },
  )
}
