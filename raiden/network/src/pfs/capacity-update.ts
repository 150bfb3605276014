// PFSCapacityUpdate: what a node tells path-finding services about one of its channels, signed by EIP-191 over the packed fields.
// https://raiden-network-specification.readthedocs.io/en/latest/pathfinding_service.html#capacity-update
import { type Address, encodePacked, getAddress, type Hex, isAddress, recoverMessageAddress } from 'viem'
import { z } from 'zod'

const address = z
  .string()
  .refine((value) => isAddress(value, { strict: false }))
  .transform((value) => getAddress(value))
const uint = (bits: number) =>
  z
    .union([z.string().regex(/^\d{1,78}$/), z.int().nonnegative()])
    .transform(BigInt)
    .refine((value) => value < 1n << BigInt(bits))

const capacityUpdateSchema = z.object({
  type: z.literal('PFSCapacityUpdate'),
  canonical_identifier: z.object({
    chain_identifier: uint(256),
    token_network_address: address,
    channel_identifier: uint(256),
  }),
  updating_participant: address,
  other_participant: address,
  updating_nonce: uint(64),
  other_nonce: uint(64),
  updating_capacity: uint(256),
  other_capacity: uint(256),
  reveal_timeout: uint(256),
  signature: z
    .string()
    .regex(/^0x[0-9a-f]{130}$/)
    .transform((value) => value as Hex),
})

export type CapacityUpdate = z.output<typeof capacityUpdateSchema>

/** A message of the network `chainId`, signed by its participant and sent by it; undefined for anything else. */
export async function readCapacityUpdate(
  text: string,
  { chainId, sender }: { chainId: number; sender: Address },
): Promise<CapacityUpdate | undefined> {
  const parsed = capacityUpdateSchema.safeParse(parseJson(text))
  if (!parsed.success) return undefined
  const update = parsed.data
  const { updating_participant, other_participant, canonical_identifier } = update
  if (canonical_identifier.chain_identifier !== BigInt(chainId)) return undefined
  if (updating_participant !== getAddress(sender) || updating_participant === other_participant)
    return undefined
  return (await isSigned(update)) ? update : undefined
}

async function isSigned(update: CapacityUpdate): Promise<boolean> {
  const { canonical_identifier: channel } = update
  const raw = encodePacked(
    [
      ...(['uint256', 'address', 'uint256', 'address', 'address', 'uint64', 'uint64'] as const),
      ...(['uint256', 'uint256', 'uint256'] as const),
    ],
    [
      channel.chain_identifier,
      channel.token_network_address,
      channel.channel_identifier,
      update.updating_participant,
      update.other_participant,
      update.updating_nonce,
      update.other_nonce,
      update.updating_capacity,
      update.other_capacity,
      update.reveal_timeout,
    ],
  )
  try {
    const signer = await recoverMessageAddress({ message: { raw }, signature: update.signature })
    return signer === update.updating_participant
  } catch {
    return false
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
