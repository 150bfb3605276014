/** What Raiden's API takes and gives: EIP-55 addresses, integers as decimal strings (numbers are taken too), hashes in hex. */
import { utils } from 'ethers'
import { z } from 'zod'
import { ApiRefusal } from './refusal.ts'

export const UINT64_MAX = 2n ** 64n - 1n
export const UINT256_MAX = 2n ** 256n - 1n

const ZERO_ADDRESS = `0x${'0'.repeat(40)}`

export const addressField = z
  .string('Not a valid hex encoded address, must be 0x prefixed.')
  .regex(/^0x/, 'Not a valid hex encoded address, must be 0x prefixed.')
  .refine(isEip55, 'Not a valid EIP55 encoded address')
  .refine((value) => value !== ZERO_ADDRESS, `The ${ZERO_ADDRESS} address is not accepted`)

/** An integer as Raiden's marshmallow field takes it; its range is the business of each route, which answers 409. */
export const integerField = z.unknown().transform((value, context) => {
  const isText = typeof value === 'string' && /^-?\d+$/.test(value)
  if (isText || (typeof value === 'number' && Number.isSafeInteger(value))) return BigInt(value)
  context.addIssue({ code: 'custom', message: 'Not a valid integer.' })
  return z.NEVER
})

export const hash32Field = z
  .string('Not a valid hex encoded value, must be 0x prefixed.')
  .regex(/^0x/, 'Not a valid hex encoded value, must be 0x prefixed.')
  .regex(/^0x[0-9a-fA-F]*$/, 'Not a valid hex formated string, contains invalid characters.')
  .regex(/^0x[0-9a-fA-F]{64}$/, 'Not a valid value, it is not 32 bytes long.')
  .transform((value) => value.toLowerCase())

/** The body of a request; throws 400 with the wrong fields by name. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  if (body === undefined || body === null || typeof body !== 'object' || Array.isArray(body))
    throw new ApiRefusal(400, 'raiden.malformed', 'JSON payload expected')
  return parsed(schema, body)
}

/** `?limit=…&offset=…`, whole and not negative. */
const pageField = z
  .string('Not a valid integer.')
  .regex(/^\d{1,9}$/, 'Not a valid integer.')
  .transform(Number)
  .optional()
const page = z.object({ limit: pageField, offset: pageField })

export function parsePage(query: unknown): { limit?: number; offset?: number } {
  const { limit, offset } = parsed(page, query ?? {})
  return { ...(limit === undefined ? {} : { limit }), ...(offset === undefined ? {} : { offset }) }
}

function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [key, 'Unknown field.'] as const)
    const name = String(issue.path[0] ?? '_schema')
    const isMissing = issue.path.length === 1 && !Object.hasOwn(value as object, name)
    return [[name, isMissing ? 'Missing data for required field.' : issue.message] as const]
  })
  // Of entries, since a field can be called __proto__.
  const errors = Object.fromEntries(lines.map(([name, line]) => [name, [line]]))
  throw new ApiRefusal(400, 'raiden.malformed', 'The request is malformed.', { errors })
}

/** An address in a path; throws 404, as Raiden does: a path with any other text names nothing. */
export function parsePathAddress(value: string): string {
  if (!value.startsWith('0x'))
    throw new ApiRefusal(404, 'raiden.address', 'Not a valid hex address, 0x prefix missing.')
  if (!isEip55(value)) throw new ApiRefusal(404, 'raiden.address', 'Not a valid EIP55 encoded address.')
  return value
}

function isEip55(value: string): boolean {
  return /^0x[0-9a-fA-F]{40}$/.test(value) && utils.getAddress(value.toLowerCase()) === value
}
