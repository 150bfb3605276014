import { anchorLogAbi } from '@consign/chain'
import type { Hex } from 'viem'
import { command, optional, type Report, required } from '../command.ts'
import { transact } from '../transact.ts'
import { address, hash, number } from '../values.ts'
import { secondsWritten } from '../written.ts'

export const addAnchor = command({
  name: 'anchor add',
  summary: "Adds a Merkle root to the sender's log.",
  example:
    'consign anchor add --seq 0 --root 0x… --size 40 --key-file factory.key --rpc http://127.0.0.1:8545',
  options: {
    seq: required(number, 'next number of the log, from 0'),
    root: required(hash, 'RFC 9162 root'),
    size: required(number, 'leaves under it'),
  },
  run: async (context, { seq, root, size }) => {
    const { contracts } = await context.chain()
    const args = [BigInt(seq), root, BigInt(size)]
    const what = `Root ${seq} over ${size} leaves is anchored.`
    return transact(context, [
      { what, to: contracts.anchorLog, abi: anchorLogAbi, functionName: 'anchor', args },
    ])
  },
})

export const witness = command({
  name: 'anchor witness',
  summary:
    "Notes how many roots a writer's log holds now, so that it can be told later which are older than a date. Anyone may.",
  example: 'consign anchor witness --writer 0x… --key-file factory.key --rpc http://127.0.0.1:8545',
  options: { writer: required(address, 'whose log') },
  run: async (context, { writer }) => {
    const { contracts } = await context.chain()
    const call = { what: `The log of ${writer} is noted.`, to: contracts.anchorLog, abi: anchorLogAbi }
    return transact(context, [{ ...call, functionName: 'witness', args: [writer] }], (events) =>
      events
        .filter(({ name }) => name === 'Witnessed')
        .map(
          ({ args }) =>
            `  ${args.count} roots at ${secondsWritten(Number(args.witnessedAt))} (witnessed at ${args.witnessedAt})`,
        ),
    )
  },
})

export const showAnchors = command({
  name: 'anchor show',
  summary: "Shows the state of a writer's log, one of its roots, or what was noted of it at a time.",
  example: 'consign anchor show --writer 0x… --rpc http://127.0.0.1:8545',
  options: {
    writer: optional(address, 'whose log; that of the key file by default'),
    seq: optional(number, 'one root'),
    'witnessed-at': optional(number, 'seconds since 1970 at which the log was noted'),
  },
  run: async (context, { writer: named, seq, 'witnessed-at': witnessedAt }): Promise<Report> => {
    const writer = named ?? ((await context.keys()).wallet.address.toLowerCase() as Hex)
    const { client, contracts } = await context.chain()
    const at = { address: contracts.anchorLog, abi: anchorLogAbi } as const
    const [count, size, anchoredAt, latestRoot] = await client.readContract({
      ...at,
      functionName: 'latest',
      args: [writer],
    })
    const lines = [`Log of ${writer}: ${count} roots`]
    if (count > 0n) lines.push(`latest  ${latestRoot} over ${size} leaves, ${secondsWritten(anchoredAt)}`)
    const data: Record<string, unknown> = { writer, count, size, anchoredAt, latestRoot }
    if (seq !== undefined) {
      data.root = await client.readContract({ ...at, functionName: 'root', args: [writer, BigInt(seq)] })
      lines.push(`root ${seq}  ${data.root}`)
    }
    if (witnessedAt !== undefined) {
      data.witnessed = await client.readContract({
        ...at,
        functionName: 'witnessed',
        args: [writer, witnessedAt],
      })
      lines.push(`at ${secondsWritten(witnessedAt)} it was noted to hold ${data.witnessed} roots`)
    }
    return { lines, data }
  },
})
