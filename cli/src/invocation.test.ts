import { describe, expect, it } from 'vitest'
import { COMMANDS } from './commands.ts'
import { helpData, helpFor } from './help.ts'
import { readInvocation } from './invocation.ts'

const read = (line: string, environment: Record<string, string> = {}) =>
  readInvocation(line.split(' ').filter(Boolean), COMMANDS, environment)

describe('the arguments of a command', () => {
  it('become its values', () => {
    const given = read('agreement prove --folder ship --leg 1 --limit 2 --rpc http://node --dry-run')
    expect(given).toMatchObject({
      kind: 'run',
      command: { name: 'agreement prove' },
      common: { rpc: 'http://node', 'dry-run': true, json: false },
      values: { folder: 'ship', leg: 1, limit: 2, seq: undefined },
    })
  })

  it('may come from the environment, and are overruled by those given', () => {
    const environment = { CONSIGN_RPC: 'http://there', CONSIGN_KEY_FILE: 'my.key' }
    expect(read('escrow show', environment)).toMatchObject({
      common: { rpc: 'http://there', 'key-file': 'my.key' },
    })
    expect(read('escrow show --rpc http://here', environment)).toMatchObject({
      common: { rpc: 'http://here' },
    })
    const node = { CONSIGN_RAIDEN_NODE: 'http://there:5001' }
    expect(read('channels list', node)).toMatchObject({ values: { node: 'http://there:5001' } })
    expect(read('channels list --node http://here:5001', node)).toMatchObject({
      values: { node: 'http://here:5001' },
    })
  })

  it('may be repeated where the command takes several', () => {
    const given = read('agreement terms --folder f --party a=a.json --party b=b.json')
    expect(given).toMatchObject({
      values: {
        party: [
          { name: 'a', file: 'a.json' },
          { name: 'b', file: 'b.json' },
        ],
      },
    })
  })

  it.each([
    ['agreement prove --folder f --leg 1', 'argument.missing', '--limit NUMBER is needed'],
    ['agreement prove --folder f --leg x --limit 1', 'argument.value', '--leg: "x" is not a whole number'],
    ['agreement cut --folder f --leg 4294967296', 'argument.value', 'below 2^32'],
    ['agreement prove --colour red', 'argument.unknown', "Unknown option '--colour'"],
    ['agreement show extra --folder f', 'argument.unknown', 'extra'],
    [
      '--rpc http://here agreement show',
      'argument.command',
      'name a command before --rpc; see consign --help',
    ],
    [
      'agreement --folder f',
      'argument.command',
      'name a command of agreement before --folder; see consign agreement --help',
    ],
    ['agreement --version', 'argument.command', 'name a command of agreement before --version'],
    ['agreements --json', 'argument.command', 'there is no command "agreements"'],
    ['agreement fly', 'argument.command', 'there is no command "agreement fly"'],
    ['escrow deposit --ether 1e3', 'argument.value', 'write it like "2" or "0.25"'],
    ['escrow issue --tokens -5', 'tokens.amount', '--tokens: '],
    ['agreement cut --folder f --leg -1', 'argument.value', '--leg: "-1" is not a whole number'],
    ['registry show --party 0x12', 'argument.value', 'an address'],
    ['agreement resolve --folder f --case 0xabc', 'argument.value', 'a hash'],
    ['channels list', 'argument.missing', '--node URL is needed'],
    ['channels list --node localhost:5001', 'argument.value', 'write it like http://127.0.0.1:5001'],
    ['agreement terms --folder f --party supplier', 'argument.value', 'a name and a file'],
  ])('%s is refused in one line', (line, code, message) => {
    expect(() => read(line)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
    expect(() => read(line)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('\n') }))
  })
})

describe('help', () => {
  it.each(['', '--help', 'help'])('is given of everything for "%s"', (line) => {
    expect(read(line)).toEqual({ kind: 'help', words: [], json: false })
  })

  it('is given of a group, and of a command whose arguments are missing', () => {
    const escrow = { kind: 'help', words: ['escrow'], json: false }
    expect(read('escrow')).toEqual(escrow)
    expect(read('escrow --help')).toEqual(escrow)
    expect(read('escrow --json')).toEqual({ ...escrow, json: true })
    expect(read('agreement prove --help')).toEqual({ ...escrow, words: ['agreement', 'prove'] })
  })

  it('lists the same for machines', () => {
    const named = (...words: string[]) => helpData(words, COMMANDS).commands.map(({ name }) => name)
    expect(named()).toEqual(COMMANDS.map(({ name }) => name))
    expect(named('anchor')).toEqual(COMMANDS.map(({ name }) => name).filter((name) => /^anchor /.test(name)))
    expect(named('agreement', 'prove')).toEqual(['agreement prove'])
  })

  it('of a command that asks no chain names no option of the chain, nor does the command take one', () => {
    const chainOptions = ['--rpc', '--key-file', '--deployment', '--dry-run']
    const shown = (name: string) => {
      const help = helpFor(name.split(' '), COMMANDS)
      return chainOptions.filter((option) => help.includes(`  ${option}`))
    }
    expect(shown('agreement prove')).toEqual(chainOptions)
    expect(shown('keys new')).toEqual(['--dry-run'])
    expect(shown('keys show')).toEqual(['--key-file'])
    expect(shown('channels open')).toEqual(['--dry-run'])
    expect(shown('channels list')).toEqual([])
    expect(() => read('keys new --out a.key --rpc http://here')).toThrow("Unknown option '--rpc'")
    expect(read('keys new --out a.key', { CONSIGN_RPC: 'http://there' })).toMatchObject({ kind: 'run' })
  })

  it('gives way to the version', () => {
    expect(read('--version')).toEqual({ kind: 'version', json: false })
    expect(read('--version --json')).toEqual({ kind: 'version', json: true })
  })

  it('names every command', () => {
    const everything = helpFor([], COMMANDS)
    for (const { name } of COMMANDS) expect(everything).toContain(name.split(' ')[1])
  })

  it.each(COMMANDS.map((each) => [each.name, each] as const))(
    'of %s has an example that it would take',
    (name, each) => {
      const shown = helpFor(name.split(' '), COMMANDS)
      for (const option of Object.keys(each.options)) expect(shown).toContain(`--${option}`)
      const example = each.example
        .replace(/^consign /, '')
        .replaceAll(/(--(?:root|case)) 0x…/g, `$1 0x${'ab'.repeat(32)}`)
        .replaceAll('0x…', `0x${'ab'.repeat(20)}`)
        .replace(/ > .*/, '')
      const args = [...example.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
      expect(readInvocation(args, COMMANDS, {})).toMatchObject({ kind: 'run', command: { name } })
    },
  )
})
