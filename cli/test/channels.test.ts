// A Raiden node's channels by the commands, as processes where the exit code matters, else within this one.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Dialect, type NodeDouble, startNodeDouble } from '@consign/raiden-client/testing'
import { general, partyByName, payer } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { getAddress, type Hex } from 'viem'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMMANDS } from '../src/commands.ts'
import { contextOf } from '../src/context.ts'
import { readInvocation } from '../src/invocation.ts'
import { machineReadable } from '../src/written.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const TOKEN = 10n ** 18n
const OUTSIDER: Hex = `0x${'0e'.repeat(20)}`

const through = (name: string) => ({
  ...SAMPLE_DRAFT,
  parties: SAMPLE_DRAFT.parties.map((each) =>
    each.name === name ? { ...each, paidThrough: 'supplier' } : each,
  ),
})
const { terms } = sampleAgreement(through('shipper-x'))
const { terms: other } = sampleAgreement(through('shipper-x'), { shipment: '376104250021234569' })
const { terms: star } = sampleAgreement()
const walletOf = (name: string): Hex => partyByName(terms, name)?.wallet as Hex
const checksummed = (name: string): Hex => getAddress(walletOf(name))

const dir = mkdtempSync(join(tmpdir(), 'consign-channels-'))
for (const [name, document] of Object.entries({ terms, other, star }))
  writeFileSync(join(dir, `${name}.json`), JSON.stringify(document))
writeFileSync(join(dir, 'wrong.json'), JSON.stringify({ ...terms, version: 2 }))
afterAll(() => rmSync(dir, { recursive: true }))

let node: NodeDouble
const started: NodeDouble[] = []
async function start(dialect: Dialect, address: Hex, tokens = 1000n): Promise<void> {
  const { token } = general(terms)
  node = await startNodeDouble({ dialect, address, token, walletTokens: tokens * TOKEN })
  started.push(node)
}
/** What changed the node, in order. */
const changes = () => node.requests.filter((one) => !one.startsWith('GET '))
afterEach(() => Promise.all(started.splice(0).map((each) => each.close())))

/** What the program prints, for people and for machines. Throws what it would refuse with. */
async function run(line: string): Promise<{ lines: string[]; json: Record<string, never> }> {
  const args = line.split(' ').map((arg) => (arg.endsWith('.json') ? join(dir, arg) : arg))
  const invocation = readInvocation(args, COMMANDS, { CONSIGN_RAIDEN_NODE: node.url })
  if (invocation.kind !== 'run') throw new Error(`${line} asks for help`)
  const context = contextOf(invocation.common, () => {})
  const { lines, data } = await invocation.command.run(context, invocation.values)
  return { lines, json: JSON.parse(machineReadable(data)) }
}

/** The same as a process. */
const runProgram = (line: string): Promise<{ code: number; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, CONSIGN_RAIDEN_NODE: node.url }
    execFile(process.execPath, [PROGRAM, ...line.split(' ')], { env, cwd: dir }, (error, _out, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stderr }),
    )
  })

describe.each<Dialect>(['python', 'typescript'])('a node in the words of the %s one', (dialect) => {
  beforeEach(() => start(dialect, walletOf('supplier')))

  it('shows its channels, in tokens for people and in units for machines', async () => {
    expect((await run('channels list')).lines).toEqual(['The node has no channels.'])
    node.channels.set(checksummed('shipper-x'), {
      ...{ identifier: 1, deposit: 50n * TOKEN, balance: 30n * TOKEN, locked: 0n, state: 'opened' },
    })
    const { lines, json } = await run('channels list')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^partner +token +state +capacity +deposit +withdrawn$/)
    expect(lines[1]).toMatch(/^0x[0-9a-f]{40} {2}0x[0-9a-f]{40} {2}opened {2}30 tokens +50 tokens +0 tokens$/)
    expect(json.channels).toMatchObject([
      { partner: walletOf('shipper-x'), balance: String(30n * TOKEN), totalDeposit: String(50n * TOKEN) },
    ])
  })

  it('shows what is pending and what failed, with reasons', async () => {
    expect((await run('channels status')).lines).toEqual([
      'status   ready',
      `address  ${walletOf('supplier')}`,
      'pending  none',
      'failed   none',
    ])
    const partner = walletOf('shipper-x')
    node.pending.push({ did: 'received', partner, amount: 5n * TOKEN })
    node.payments.push({ did: 'sent', partner, amount: TOKEN })
    for (let i = 0; i < 11; i++)
      node.payments.push({ did: 'failed', partner, amount: TOKEN, reason: `no route ${i}` })
    const { lines, json } = await run('channels status')
    const text = lines.join('\n')
    expect(text).toMatch(/1 pending:\nas .*\ntarget +0x\w+ +0x\w+ +5 tokens +8\n/)
    expect(text).toContain('11 failed, the last 10:')
    expect(text).not.toContain('no route 0')
    expect(text).toContain('no route 10')
    expect(json.failed).toHaveLength(11)
    expect(json.pending).toMatchObject([{ role: 'target', amount: String(5n * TOKEN) }])
  })

  it('shows its payments, of one partner alone where it is named', async () => {
    expect((await run('channels payments')).lines).toEqual(['No payments.'])
    const [x, y] = [walletOf('shipper-x'), walletOf('shipper-y')]
    node.payments.push(
      { did: 'received', partner: OUTSIDER, amount: 9n * TOKEN },
      { did: 'sent', partner: x, amount: 2n * TOKEN },
      { did: 'failed', partner: y, amount: TOKEN, reason: 'target offline' },
    )
    const { lines } = await run('channels payments')
    expect(lines[1]).toMatch(/^2026-11-02 08:30:00 UTC {2}received {2}0x(0e){20} {2}9 tokens +7$/)
    expect(lines[2]).toMatch(/sent +0x\w+ +2 tokens +7$/)
    expect(lines[3]).toMatch(/failed +0x\w+ .* target offline$/)
    expect((await run(`channels payments --partner ${checksummed('shipper-x')}`)).lines).toHaveLength(2)
    const { json } = await run(`channels payments --partner ${OUTSIDER}`)
    expect(json.payments).toMatchObject([{ outcome: 'received', initiator: OUTSIDER }])
  })

  it('opens its own channels of the terms, and nothing when asked again', async () => {
    const line = 'channels open --terms terms.json'
    expect((await run(line)).lines).toEqual([
      `The channel with shipper-x (${walletOf('shipper-x')}) is opened with 50 tokens.`,
    ])
    expect([...node.channels.keys()]).toEqual([checksummed('shipper-x')])
    expect((await run(line)).lines).toEqual([
      `The channel with shipper-x (${walletOf('shipper-x')}) can pay 50 tokens, and 50 tokens are needed; nothing is to be done.`,
    ])
    expect(changes()).toEqual(['PUT /channels'])
  })

  it('tops up what it has spent, or what a further agreement needs, by what is lacking', async () => {
    await run('channels open --terms terms.json')
    const channel = node.channels.get(checksummed('shipper-x'))!
    channel.balance -= 20n * TOKEN
    const { lines, json } = await run('channels open --terms terms.json')
    expect(lines).toEqual([
      `The channel with shipper-x (${walletOf('shipper-x')}) is topped up by 20 tokens, so that it can pay 50 tokens.`,
    ])
    expect(json.channels).toMatchObject([{ did: 'toppedUp', deposited: String(20n * TOKEN) }])
    expect(channel).toMatchObject({ deposit: 70n * TOKEN, balance: 50n * TOKEN })
    await run('channels open --terms terms.json --terms other.json --terms terms.json')
    expect(channel).toMatchObject({ deposit: 120n * TOKEN, balance: 100n * TOKEN })
  })

  it('says of another server that it is no Raiden node', async () => {
    const server = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const line of ['channels list', 'channels status', 'channels open --terms terms.json'])
      await expect(run(`${line} --node ${url}`)).rejects.toMatchObject({
        code: 'channel.stranger',
        message: `${url} answers, but is no Raiden node; check --node`,
      })
    server.close()
  })

  it('says what it would do, and does not', async () => {
    expect((await run('channels open --terms terms.json --dry-run')).lines[0]).toContain(
      'would be opened with 50',
    )
    await run('channels open --terms terms.json')
    const line = `channels close --partner ${walletOf('shipper-x')} --dry-run`
    expect((await run(line)).lines[0]).toContain('would be closed; 50 tokens of it')
    expect(changes()).toEqual(['PUT /channels'])
  })

  it('closes a channel once, and opens none while it is not settled', async () => {
    const line = `channels close --partner ${walletOf('shipper-x')}`
    await expect(run(line)).rejects.toMatchObject({ code: 'channel.missing' })
    await run('channels open --terms terms.json')
    expect((await run(line)).lines[0]).toContain('is closed; it can be settled after its timeout of 60')
    expect((await run(line)).lines[0]).toContain('is closed already')
    expect(changes().filter((change) => change.startsWith('PATCH'))).toHaveLength(1)
    for (const more of ['', ' --dry-run'])
      await expect(run(`channels open --terms terms.json${more}`)).rejects.toMatchObject({
        code: 'channel.closed',
        message: expect.stringContaining('wait for the end of its settle timeout'),
      })
  })

  it('says in its own words why it does not deposit', async () => {
    node.walletTokens = 49n * TOKEN
    await expect(run('channels open --terms terms.json')).rejects.toMatchObject({
      code: 'channel.tokens',
      message: expect.stringMatching(/402 Not enough balance to deposit\.; send tokens/),
    })
    node.conflict = 'Deposit limit of the token network reached'
    await expect(run('channels open --terms terms.json')).rejects.toMatchObject({
      code: 'channel.conflict',
      message: expect.stringMatching(
        /409 Deposit limit of the token network reached; see consign channels list/,
      ),
    })
  })

  it('that is not ready tells its status, and does nothing else', async () => {
    node.status = 'syncing'
    expect((await run('channels status')).lines).toEqual(['status   syncing', 'address  not known yet'])
    for (const line of ['channels list', 'channels payments', 'channels open --terms terms.json'])
      await expect(run(line)).rejects.toMatchObject({
        code: 'channel.syncing',
        message: expect.stringContaining('is syncing; wait until consign channels status says ready'),
      })
  })
})

describe('whose channels are opened', () => {
  it('are those of the payer with --as-payer, by a node with a wallet of its own', async () => {
    await start('typescript', OUTSIDER)
    await expect(run('channels open --terms terms.json')).rejects.toMatchObject({
      code: 'channels.party',
      message: expect.stringContaining('give --as-payer'),
    })
    const { lines } = await run('channels open --terms terms.json --as-payer')
    expect(lines).toEqual([
      `The channel with supplier (${walletOf('supplier')}) is opened with 250 tokens.`,
      `The channel with shipper-y (${walletOf('shipper-y')}) is opened with 50 tokens.`,
    ])
  })

  it('are opened one after another, so that what is lacking is opened by a repetition', async () => {
    await start('python', OUTSIDER, 299n)
    const line = 'channels open --terms terms.json --as-payer'
    await expect(run(line)).rejects.toMatchObject({ code: 'channel.tokens' })
    expect(node.channels.size).toBe(1)
    node.walletTokens += TOKEN
    const { json } = await run(line)
    expect(json.channels).toMatchObject([{ did: 'nothing' }, { did: 'opened' }])
    expect(node.walletTokens).toBe(0n)
  })

  it('are those of the payer without it, by a node with its wallet', async () => {
    await start('python', payer(terms).wallet)
    expect((await run('channels open --terms star.json')).lines).toHaveLength(3)
  })

  it('are none of a party through which nobody is paid, nor of the payer by another party', async () => {
    await start('python', walletOf('shipper-y'))
    expect((await run('channels open --terms terms.json')).lines).toEqual([
      'Nobody is paid over a channel of this node; nothing is to be done.',
    ])
    await expect(run('channels open --terms terms.json --as-payer')).rejects.toMatchObject({
      code: 'channels.party',
    })
    expect(changes()).toEqual([])
  })

  it('are of the token of the terms, which the node must know', async () => {
    node = await startNodeDouble({ address: walletOf('supplier'), token: OUTSIDER })
    started.push(node)
    await expect(run('channels open --terms terms.json')).rejects.toMatchObject({ code: 'channel.token' })
  })
})

describe('the program', () => {
  it('ends with 1 and one line when the node does not answer', async () => {
    await start('python', walletOf('supplier'))
    await node.close()
    const { code, stderr } = await runProgram('channels list')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^consign: Raiden node .*ECONNREFUSED; check --node.* \[channel\.unreachable\]\n$/)
  })

  it('ends with 2 when the input is wrong', async () => {
    await start('python', walletOf('supplier'))
    expect(await runProgram('channels open --terms wrong.json')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^consign: wrong\.json: version: .* \[terms\.schema\]\n$/),
    })
    for (const [line, code] of [
      ['channels open', 'argument.missing'],
      ['channels open --terms absent.json', 'argument.file'],
      ['channels list --node 127.0.0.1', 'argument.value'],
    ] as const)
      await expect(run(line)).rejects.toMatchObject({ code })
  })
})
