import { readFileSync } from 'node:fs'
import { z } from 'zod'

export const EXIT_BAD_CONFIG = 2

/**
 * The configuration of a process, from environment variables named as the keys of `schema`. An empty variable counts as absent.
 * When some are wrong: one line for each on stderr, and the process exits with code 2. Values are never printed.
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: Readonly<Record<string, string | undefined>> = process.env,
): z.output<S> {
  const parsed = parseConfig(schema, env)
  if ('config' in parsed) return parsed.config
  process.stderr.write(parsed.problems.map((line) => `${line}\n`).join(''))
  process.exit(EXIT_BAD_CONFIG)
}

/** The same without the exit. */
export function parseConfig<S extends z.ZodObject>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): { config: z.output<S> } | { problems: string[] } {
  const given: Record<string, string> = {}
  for (const name of Object.keys(schema.shape)) {
    const value = env[name]
    if (value !== undefined && value !== '') given[name] = value
  }
  const parsed = schema.safeParse(given)
  if (parsed.success) return { config: parsed.data }
  const problems = new Map<string, string>()
  for (const issue of parsed.error.issues) {
    const name = String(issue.path[0] ?? 'configuration')
    const problem = name in given || issue.path.length === 0 ? issue.message : 'is not set'
    if (!problems.has(name)) problems.set(name, `${name}: ${problem}`)
  }
  return { problems: [...problems.values()] }
}

/** A TCP port, 0 for any free one. */
export const portVariable = z.coerce.number('must be a port, 0 to 65535').int().min(0).max(65_535)

/** `NAME_FILE`: the path of a file whose trimmed text is the secret. Secrets come in no other way: environments leak. */
export const secretFileVariable = z.string().transform((path, context) => {
  try {
    const secret = readFileSync(path, 'utf8').trim()
    if (secret !== '') return secret
    context.addIssue({ code: 'custom', message: `the file ${path} is empty` })
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    context.addIssue({ code: 'custom', message: `the file ${path} cannot be read (${reason})` })
  }
  return z.NEVER
})
