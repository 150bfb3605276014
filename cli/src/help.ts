/** Help, generated from the table of commands. */
import type { Command, Option } from './command.ts'
import { commonOptions, ENVIRONMENT } from './invocation.ts'

const GROUPS: Record<string, string> = {
  keys: 'wallet and post-quantum keys of a party',
  registry: 'which post-quantum keys belong to which wallet',
  agreement: 'from terms to the last payment',
  channels: 'a Raiden node: its channels, and those that terms need',
  escrow: 'the ether behind the tokens',
  anchor: 'Merkle roots on the chain',
}

const EXITS =
  'Exit codes: 0 done, 1 the chain or the Raiden node refused or did not answer, 2 the input is wrong.'

/** Of one command, of a group, or of all. `words` as the user typed them. */
export function helpFor(words: readonly string[], commands: readonly Command[]): string {
  const found = asked(words, commands)
  if (found.length === commands.length) return overview(commands)
  const [one, another] = found
  return one && !another && words.length > 1 ? commandHelp(one) : groupHelp(found)
}

/** The same for machines. */
export const helpData = (words: readonly string[], commands: readonly Command[]) => ({
  commands: asked(words, commands).map(({ name, summary, example }) => ({ name, summary, example })),
})

/** The command, those of the group, or all. */
function asked(words: readonly string[], commands: readonly Command[]): readonly Command[] {
  const [group] = words
  const found = commands.filter(({ name }) => name === words.slice(0, 2).join(' '))
  const listed = commands.filter(({ name }) => name.startsWith(`${group} `))
  return [found, listed].find(({ length }) => length > 0) ?? commands
}

function overview(commands: readonly Command[]): string {
  const groups = Object.entries(GROUPS).map(([group, what]) => {
    const actions = commands
      .filter(({ name }) => name.startsWith(`${group} `))
      .map(({ name }) => name.split(' ')[1])
    return [`  consign ${group}`, `${what}: ${actions.join(', ')}`]
  })
  return [
    'Every step of the contracts by hand, and the payment channels.',
    '',
    ...columns(groups as [string, string][]),
    '',
    'consign <group> lists its commands; consign <group> <command> --help explains one; consign --version says which this is.',
    EXITS,
  ].join('\n')
}

function groupHelp(commands: readonly Command[]): string {
  return columns(commands.map(({ name, summary }) => [`  consign ${name}`, summary])).join('\n')
}

function commandHelp(command: Command): string {
  const { name, summary, details, example, options } = command
  const lines = [summary, ...(details ? [details] : []), '', `usage: consign ${name}${usage(options)}`, '']
  const own = Object.entries(options).map(describeOption)
  const common = Object.entries(commonOptions(command)).map(describeOption)
  lines.push(...columns([...own, ...common]), '', `example: ${example}`, EXITS)
  return lines.join('\n')
}

function usage(options: Record<string, Option>): string {
  const parts = Object.entries(options).map(([name, { need, parser }]) => {
    const shown = need === 'flag' ? `--${name}` : `--${name} ${parser.hint}`
    return need === 'required' ? ` ${shown}` : need === 'repeated' ? ` [${shown} …]` : ` [${shown}]`
  })
  return parts.join('')
}

function describeOption([name, { need, parser, help }]: [string, Option]): [string, string] {
  const variable = ENVIRONMENT[name]
  return [
    `  --${name}${need === 'flag' ? '' : ` ${parser.hint}`}`,
    `${help}${variable ? ` (or ${variable})` : ''}`,
  ]
}

function columns(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`)
}
