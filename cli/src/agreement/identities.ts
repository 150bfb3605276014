/** Files that terms are made of: the draft, and who is who. */
import { readFile } from 'node:fs/promises'
import { Refusal } from '@consign/envelope'
import type { DeviceIdentity, PartyIdentity } from '@consign/terms'
import type { Hex } from 'viem'
import { z } from 'zod'

const hex = (bytes: number) =>
  z.custom<Hex>(
    (value) => typeof value === 'string' && new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(value),
    `must be 0x and ${2 * bytes} hex digits`,
  )

const pqKeys = { mlDsaKey: hex(1312), slhDsaKey: hex(32) }
const NO_OBJECT = 'must be a JSON object'
const partyIdentity = z.object({ wallet: hex(20), ...pqKeys }, NO_OBJECT)
const deviceIdentity = z.object(
  {
    p256: hex(64),
    ...pqKeys,
    provisioner: hex(20),
    keystore: z.enum(['file', 'secureElement'], 'must be file or secureElement'),
  },
  NO_OBJECT,
)

/** What `consign keys show --json` prints. Refusal 'argument.file', 'argument.identity'. */
export async function readParty(named: { name: string; file: string }): Promise<[string, PartyIdentity]> {
  return [named.name, await readIdentity(named.file, partyIdentity, 'party')]
}

/** Refusal 'argument.file', 'argument.identity'. */
export function readDevice(path: string): Promise<DeviceIdentity> {
  return readIdentity(path, deviceIdentity, 'device')
}

/** Refusal 'argument.file'. */
export async function readDocument(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new Refusal('argument.file', `${path} cannot be read as JSON; check the name`, { cause })
  }
}

async function readIdentity<T>(path: string, identity: z.ZodType<T>, whose: string): Promise<T> {
  const parsed = identity.safeParse(await readDocument(path))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const what = `${issue?.path.join('.') || 'it'} ${issue?.message ?? 'is wrong'}`
  throw new Refusal(
    'argument.identity',
    `${path} is no identity of a ${whose}: ${what}; see --help for which file goes where`,
  )
}
