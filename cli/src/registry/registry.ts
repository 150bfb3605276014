import { partyRegistryAbi } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { loadPartyKeys, type PartyKeys } from '@consign/terms'
import { bytesToHex, type Hex, hexToBytes, sha256 } from 'viem'
import { command, optional, type Report, required } from '../command.ts'
import type { Context } from '../context.ts'
import { type Call, transact } from '../transact.ts'
import { address, file } from '../values.ts'
import { secondsWritten } from '../written.ts'

export const register = command({
  name: 'registry register',
  summary: "Registers the post-quantum keys of the key file's wallet.",
  example: 'consign registry register --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: {},
  run: async (context) => {
    const keys = await context.keys()
    const { mlDsaKeyHash, slhDsaKey } = publicKeysOf(keys)
    return send(context, `${keys.wallet.address} is registered.`, 'register', [mlDsaKeyHash, slhDsaKey])
  },
})

export const rotate = command({
  name: 'registry rotate',
  summary: 'Replaces the registered keys; the old SLH-DSA key signs the new ones.',
  details:
    '--key-file holds the present keys and signs; --new-keys holds the new ones, as consign keys new --wallet-of makes them.',
  example:
    'consign registry rotate --key-file supplier.key --new-keys supplier-2.key --rpc http://127.0.0.1:8545',
  options: { 'new-keys': required(file, 'key file with the new keys of the same wallet') },
  run: async (context, { 'new-keys': path }) => {
    const present = await context.keys()
    const next = await loadPartyKeys(path)
    const party = present.wallet.address
    if (next.wallet.address !== party)
      throw new Refusal(
        'argument.wallet',
        `${path} is for ${next.wallet.address}, not for ${party}; make it with keys new --wallet-of`,
      )
    const { mlDsaKeyHash, slhDsaKey } = publicKeysOf(next)
    const read = await registryOf(context)
    const digest = await read.client.readContract({
      ...read.at,
      functionName: 'rotationDigest',
      args: [party, mlDsaKeyHash, slhDsaKey],
    })
    const signature = await slhDsaOver(context, present, digest)
    return send(context, `${party} has new keys.`, 'rotate', [party, mlDsaKeyHash, slhDsaKey, signature])
  },
})

export const revoke = command({
  name: 'registry revoke',
  summary: "Revokes keys for ever: the sender's own, or with --of those of a file, by their SLH-DSA key.",
  details: 'With --of anybody can send it for a party that cannot use its wallet.',
  example: 'consign registry revoke --key-file supplier.key --rpc http://127.0.0.1:8545',
  options: { of: optional(file, 'key file whose SLH-DSA key signs the revocation') },
  run: async (context, { of }) => {
    if (!of)
      return send(context, `The keys of ${(await context.keys()).wallet.address} are revoked.`, 'revoke', [])
    const keys = await loadPartyKeys(of)
    const party = keys.wallet.address
    const read = await registryOf(context)
    const digest = await read.client.readContract({
      ...read.at,
      functionName: 'revocationDigest',
      args: [party],
    })
    const signature = await slhDsaOver(context, keys, digest)
    return send(context, `The keys of ${party} are revoked.`, 'revokeFor', [party, signature])
  },
})

export const showParty = command({
  name: 'registry show',
  summary: 'Shows the registered keys of a party.',
  example: 'consign registry show --party 0x… --rpc http://127.0.0.1:8545',
  options: { party: optional(address, 'wallet; that of the key file by default') },
  run: async (context, { party }): Promise<Report> => {
    const wallet = party ?? ((await context.keys()).wallet.address.toLowerCase() as Hex)
    const { client, at } = await registryOf(context)
    const keys = await client.readContract({ ...at, functionName: 'keysOf', args: [wallet] })
    if (keys.version === 0)
      return { lines: [`${wallet} is not registered.`], data: { party: wallet, ...keys } }
    return {
      lines: [
        `${wallet}, version ${keys.version} since ${secondsWritten(keys.since)}`,
        `ML-DSA-44    ${keys.mlDsaKeyHash} (SHA-256 of the key)`,
        `SLH-DSA      ${keys.slhDsaKey}`,
        keys.revokedAt === 0 ? 'The keys hold.' : `Revoked ${secondsWritten(keys.revokedAt)}.`,
      ],
      data: { party: wallet, ...keys },
    }
  },
})

async function registryOf(context: Context) {
  const { client, contracts } = await context.chain()
  return { client, at: { address: contracts.registry, abi: partyRegistryAbi } as const }
}

async function send(context: Context, what: string, functionName: string, args: unknown[]): Promise<Report> {
  const { at } = await registryOf(context)
  const call: Call = { what, to: at.address, abi: at.abi, functionName, args }
  return transact(context, [call])
}

const publicKeysOf = ({ pq }: PartyKeys) => ({
  mlDsaKeyHash: sha256(pq.public.mlDsa),
  slhDsaKey: bytesToHex(pq.public.slhDsa),
})

async function slhDsaOver(context: Context, { pq }: PartyKeys, digest: Hex): Promise<Hex> {
  context.progress('signing with SLH-DSA')
  return bytesToHex(await context.crypto.slhDsaSign(pq, hexToBytes(digest)))
}
