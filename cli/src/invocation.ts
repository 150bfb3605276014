/** From the arguments of a process to the command that they name and its values. Refusals 'argument.…', each with what to do. */
import { parseArgs } from 'node:util'
import { Refusal } from '@consign/envelope'
import { type Command, flag, type Option, type Options, optional } from './command.ts'
import { file, type Parser, text } from './values.ts'

/** What commands take besides their own options. An environment variable stands in for an option that is not given. */
const COMMON = {
  rpc: optional<string>({ ...text, hint: 'URL' }, 'JSON-RPC of a node of the chain, by HTTP'),
  'key-file': optional(file, 'wallet and keys of who acts, as `consign keys new` writes them'),
  deployment: optional(
    file,
    'where the contracts are; deployments/<chain id>.json of this project by default',
  ),
  'dry-run': flag('simulate, print gas and what would happen, send nothing'),
  json: flag('print one JSON document'),
  help: flag('print this'),
} as const

/** Of `COMMON`, what this command takes: an option that does not count is neither shown nor taken. */
export function commonOptions({ common }: Command): Options {
  const taken = Object.entries<Option>(COMMON).filter(
    ([name]) => !common || ALWAYS.includes(name) || (common as readonly string[]).includes(name),
  )
  return Object.fromEntries(taken)
}
const ALWAYS = ['json', 'help']

export const ENVIRONMENT: Record<string, string> = {
  rpc: 'CONSIGN_RPC',
  'key-file': 'CONSIGN_KEY_FILE',
  deployment: 'CONSIGN_DEPLOYMENT',
  node: 'CONSIGN_RAIDEN_NODE',
}

export type CommonValues = {
  rpc: string | undefined
  'key-file': string | undefined
  deployment: string | undefined
  'dry-run': boolean
  json: boolean
}

export type Invocation =
  | { kind: 'version'; json: boolean }
  | { kind: 'help'; words: string[]; json: boolean }
  | { kind: 'run'; command: Command; common: CommonValues; values: Record<string, unknown> }

export function readInvocation(
  args: readonly string[],
  commands: readonly Command[],
  environment: Record<string, string | undefined>,
): Invocation {
  const words = args.slice(0, args.findIndex((arg) => arg.startsWith('-')) >>> 0)
  const found = commands.find(({ name }) => name === words.slice(0, 2).join(' '))
  if (!found) return withoutCommand(words, args.slice(words.length), commands)
  const typed = parsed(args.slice(2), { ...commonOptions(found), ...found.options })
  if (typed.help) return { kind: 'help', words, json: typed.json === true }
  const given = { ...fromEnvironment(environment), ...typed }
  const common = readValues(COMMON, given) as CommonValues
  return { kind: 'run', command: found, common, values: readValues(found.options, given) }
}

/** An overview, the commands of a group, the version; and nothing else, so that nobody takes help for a deed. */
function withoutCommand(words: string[], options: string[], commands: readonly Command[]): Invocation {
  const json = options.includes('--json')
  if (words[0] === 'help') return { kind: 'help', words: words.slice(1), json }
  if (options.includes('--help') || options.includes('-h')) return { kind: 'help', words, json }
  if (words.length > 0 && !(words.length === 1 && isGroup(words, commands)))
    throw new Refusal('argument.command', `there is no command "${words.join(' ')}"; see consign --help`)
  if (words.length === 0 && options.includes('--version')) return { kind: 'version', json }
  const stray = options.find((option) => option !== '--json')
  if (stray === undefined) return { kind: 'help', words, json }
  const group = words.map((word) => ` ${word}`).join('')
  const of = group && ` of${group}`
  throw new Refusal('argument.command', `name a command${of} before ${stray}; see consign${group} --help`)
}

const isGroup = ([word]: string[], commands: readonly Command[]): boolean =>
  commands.some(({ name }) => name.startsWith(`${word} `))

type Given = Record<string, string | boolean | (string | boolean)[] | undefined>

function parsed(args: string[], options: Options): Given {
  const all = Object.entries(options).map(([name, { need }]) => [
    name,
    { type: need === 'flag' ? ('boolean' as const) : ('string' as const), multiple: need === 'repeated' },
  ])
  try {
    return parseArgs({ args: withNegatives(args), options: Object.fromEntries(all), strict: true })
      .values as Given
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n')
    throw new Refusal('argument.unknown', `${line.replace(/\.? To specify.*/, '')}; see --help`)
  }
}

/** A number below 0 is the value of the option before it, for that option to refuse; parseArgs would take it for another option. */
function withNegatives(args: string[]): string[] {
  const joined: string[] = []
  for (const arg of args) {
    const before = joined.at(-1)
    if (/^-[0-9]/.test(arg) && before && /^--[^=]+$/.test(before)) joined.splice(-1, 1, `${before}=${arg}`)
    else joined.push(arg)
  }
  return joined
}

function fromEnvironment(environment: Record<string, string | undefined>): Given {
  const named = Object.entries(ENVIRONMENT).map(([option, name]) => [option, environment[name] || undefined])
  return Object.fromEntries(named.filter(([, value]) => value !== undefined))
}

function readValues(options: Options, given: Given): Record<string, unknown> {
  const values = Object.entries(options).map(([name, option]) => [name, readValue(name, option, given[name])])
  return Object.fromEntries(values)
}

function readValue(name: string, { need, parser }: Option, given: Given[string]): unknown {
  if (need === 'flag') return given === true
  if (Array.isArray(given)) return given.map((each) => parsedBy(name, parser, String(each)))
  if (given !== undefined) return parsedBy(name, parser, String(given))
  if (need === 'repeated') return []
  if (need === 'required')
    throw new Refusal('argument.missing', `--${name} ${parser.hint} is needed; see --help`)
  return undefined
}

function parsedBy<T>(name: string, parser: Parser<T>, given: string): T {
  try {
    return parser.parse(given)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new Refusal(error.code, `--${name}: ${error.message}`)
  }
}
