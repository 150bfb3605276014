// `consign channels` against nodes of a network: organisation and supplier, who is in the middle between it and shipper-x.
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { draftTerms, parseTokens } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { getAddress, type Hex } from 'viem'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RaidenNetwork, startProgram, startRaidenNetwork } from '../../network/src/start.ts'
import { startChain, type TestChain } from '../../network/test/chain.ts'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const CONSIGN = pathOf('../../../cli/src/main.ts')

type Node = { url: string; address: Hex; stop(): void }

describeRaiden('consign channels', () => {
  let chain: TestChain
  let network: RaidenNetwork
  let organisation: Node
  let supplier: Node
  let shipper: Hex
  const file = (name: string) => join(chain.networkOptions.dir, name)

  beforeAll(async () => {
    chain = await startChain()
    network = await startRaidenNetwork(chain.networkOptions)
    organisation = await startNode('organisation')
    supplier = await startNode('supplier')
    const { facts } = sampleAgreement()
    const draft = {
      ...SAMPLE_DRAFT,
      parties: SAMPLE_DRAFT.parties.map((party) =>
        party.name === 'shipper-x' ? { ...party, paidThrough: 'supplier' } : party,
      ),
    }
    const parties = { ...facts.parties, supplier: { ...facts.parties.supplier!, wallet: supplier.address } }
    let salts = 0
    const terms = draftTerms(draft, { ...facts, token: chain.token, parties }, () =>
      new Uint8Array(32).fill(++salts),
    )
    shipper = facts.parties['shipper-x']!.wallet.toLowerCase() as Hex
    writeFileSync(file('terms.json'), JSON.stringify(terms))
  }, 240_000)
  afterAll(async () => {
    organisation?.stop()
    supplier?.stop()
    await network?.stop()
    await chain?.close()
  })

  async function startNode(name: string): Promise<Node> {
    const dir = file(name)
    mkdirSync(dir)
    const [PASSWORD_FILE, KEYSTORE_FILE] = [join(dir, 'password'), join(dir, 'keystore.json')]
    writeFileSync(PASSWORD_FILE, 'for tests', { mode: 0o600 })
    const arguments_ = ['new', '--password-file', PASSWORD_FILE, '--out', KEYSTORE_FILE, '--light']
    const made = spawnSync(process.execPath, [pathOf('../src/keystore.ts'), ...arguments_], {
      encoding: 'utf8',
    })
    await chain.fund(getAddress(made.stdout.trim()), parseTokens('300'))
    const { child, ready } = await startProgram(pathOf('../src/main.ts'), {
      ...{ RPC_URL: chain.url, CHAIN_ID: String(chain.chainId), CONTRACTS_FILE: network.contractsFile },
      ...{ MATRIX_URL: network.url, PFS_URL: network.url, KEYSTORE_FILE, PASSWORD_FILE },
      ...{ DATA_DIR: join(dir, 'data'), LOCK_DIR: dir, API_PORT: '0' },
      ...{ REVEAL_TIMEOUT_S: '20', CONFIRMATION_BLOCKS: '0', POLL_MS: '200' },
    })
    const address = String(ready.address).toLowerCase() as Hex
    return { url: String(ready.url), address, stop: () => void child.kill('SIGTERM') }
  }

  const consign = (node: Node, line: string): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const args = ['channels', ...line.split(' '), '--node', node.url]
      execFile(
        process.execPath,
        [CONSIGN, ...args],
        { cwd: chain.networkOptions.dir },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })

  it('open what the terms need, each side its own, once', async () => {
    const opened = await consign(organisation, 'open --terms terms.json --as-payer')
    expect(opened.stderr.split('\n').filter((line) => line.startsWith('consign:'))).toEqual([])
    expect(opened.stdout.split('\n')).toEqual([
      `The channel with supplier (${supplier.address}) is opened with 250 tokens.`,
      expect.stringMatching(/^The channel with shipper-y \(0x[0-9a-f]{40}\) is opened with 50 tokens\.$/),
      '',
    ])
    expect((await consign(supplier, 'open --terms terms.json')).stdout).toBe(
      `The channel with shipper-x (${shipper}) is opened with 50 tokens.\n`,
    )
    expect((await consign(supplier, 'open --terms terms.json')).stdout).toContain('nothing is to be done')
    const { channels } = JSON.parse((await consign(supplier, 'list --json')).stdout)
    expect(channels).toHaveLength(2)
    expect(channels).toMatchObject([{ state: 'opened' }, { state: 'opened' }])
  }, 240_000)

  it('show what was paid at both ends, and what failed with its reason', async () => {
    const pay = (target: Hex, identifier: string) =>
      fetch(`${organisation.url}/api/v1/payments/${getAddress(chain.token)}/${getAddress(target)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ amount: String(parseTokens('1.5')), identifier }),
      })
    expect((await pay(supplier.address, '42')).status).toBe(200)
    expect((await pay(shipper, '43')).status).toBe(409) // nobody runs its node
    expect((await consign(organisation, 'payments')).stdout).toMatch(/UTC {2}sent +0x\w+ +1\.5 tokens +42/)
    expect((await consign(supplier, `payments --partner ${organisation.address}`)).stdout).toMatch(
      /received +0x\w+ +1\.5 tokens +42/,
    )
    expect((await consign(organisation, 'status')).stdout).toMatch(
      /^status {3}ready\naddress {2}0x[0-9a-f]{40}\npending {2}none\n\n1 failed:\n.*\n.*failed +0x\w+ .*\S\n$/,
    )
  }, 120_000)

  it('top up by what was paid, and say in the node’s own words why they cannot', async () => {
    // Of 300 tokens all are in channels.
    const { code, stderr } = await consign(organisation, 'open --terms terms.json --as-payer')
    expect(code).toBe(1)
    expect(stderr).toMatch(/consign: .*402 Not enough balance to deposit\..* \[channel\.tokens\]\n$/)
    await chain.fund(organisation.address, parseTokens('1.5'))
    expect((await consign(organisation, 'open --terms terms.json --as-payer')).stdout).toContain(
      'topped up by 1.5 tokens, so that it can pay 250 tokens.',
    )
  }, 120_000)

  it('close a channel', async () => {
    expect((await consign(supplier, `close --partner ${shipper}`)).stdout).toContain(
      'is closed; it can be settled',
    )
    expect(await consign(supplier, 'open --terms terms.json')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[channel.closed]'),
    })
  }, 120_000)
})
