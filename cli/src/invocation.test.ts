import { describe, expect, it } from 'vitest'
import { COMMANDS } from './commands.ts'
import { helpFor } from './help.ts'
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
    expect(read(line)).toEqual({ kind: 'help', words: [] })
  })

  it('is given of a group, and of a command whose arguments are missing', () => {
    expect(read('escrow')).toEqual({ kind: 'help', words: ['escrow'] })
    expect(read('escrow --help')).toEqual({ kind: 'help', words: ['escrow'] })
    expect(read('agreement prove --help')).toEqual({ kind: 'help', words: ['agreement', 'prove'] })
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
