import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSignedCut, fromHex, type KeySet, native, toHex } from '@consign/envelope'
import { deviceIdentity, loadPartyKeys, type PartyKeys, parseTerms, termsHash } from '@consign/terms'
import type { Hex } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  addEnvelope,
  firstLeg,
  type Handover,
  handOver,
  type Shipment,
  sealLeg,
} from '../../contracts/script/shipment.ts'
import { writeFrame, writeLeg } from './frames.ts'
import { type Stage, setStage } from './stage.ts'

// One walk from keys to the last payment: each step stands on the one before it.

const DRAFT = {
  parties: [
    { name: 'factory', role: 'payer' },
    { name: 'supplier', role: 'payee', amountTokens: '200' },
    { name: 'shipper-x', role: 'carrier', amountTokens: '50', paidThrough: 'supplier' },
  ],
  limits: [{ metric: 'temperature', above: 40, penaltyTokens: '10' }],
  silence: { minutesMax: 90, penaltyTokens: '3' },
  guaranteePercent: 50,
}
const WINDOWS_HOURS = { dispute: 168, payment: 336 }

let stage: Stage
let device: KeySet
let keys: Record<string, PartyKeys>
let shipment: Shipment
let caseId: Hex

const done = async (line: string, as?: string) => {
  const answer = await stage.run(line, as)
  if (answer.code !== 0) throw new Error(`consign ${line} ended with ${answer.code}: ${answer.stderr}`)
  return answer
}

beforeAll(async () => {
  stage = await setStage()
  device = native.generateKeys()
}, 240_000)
afterAll(() => stage?.end())

describe('keys', () => {
  it('are made once, for their owner alone', async () => {
    for (const name of ['factory', 'supplier', 'shipper-x']) await done(`keys new --out ${name}.key`)
    expect(await stage.run('keys new --out supplier.key')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^consign: .*supplier\.key exists.*\[partyKeys\.exists\]\n$/),
    })
    keys = Object.fromEntries(
      await Promise.all(
        ['factory', 'supplier', 'shipper-x'].map(async (name) => [
          name,
          await loadPartyKeys(stage.file(`${name}.key`)),
        ]),
      ),
    )
    for (const name of Object.keys(keys)) {
      const { json, stdout } = await done('keys show --json', name)
      expect(json.wallet).toBe(walletOf(name))
      writeFileSync(stage.file(`${name}.json`), stdout)
    }
  })
})

describe('the registry', () => {
  it('registers, rotates under the old key, and revokes', async () => {
    await stage.deploy(walletOf('factory'))
    for (const name of Object.keys(keys)) await stage.giveEther(walletOf(name))
    await done('registry register', 'supplier')
    expect((await done('registry show --json', 'supplier')).json).toMatchObject({ version: 1, revokedAt: 0 })
    await done('keys new --out supplier-2.key --wallet-of supplier.key')
    await done('registry rotate --new-keys supplier-2.key', 'supplier')
    expect((await done('registry show --json', 'supplier')).json).toMatchObject({ version: 2 })
    // The old key signs no more.
    expect(await stage.run('registry rotate --new-keys supplier-2.key', 'supplier')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[chain.PartyRegistrySignatureInvalid]'),
    })
    await done('registry revoke --of supplier-2.key', 'shipper-x')
    expect((await done('registry show', 'supplier')).stdout).toContain('Revoked 20')
  }, 240_000)
})

describe('the escrow', () => {
  it('takes ether and issues tokens against it', async () => {
    await done('escrow price --usd 3000', 'factory')
    await done('escrow deposit --ether 1', 'shipper-x')
    expect(await stage.run('escrow issue --tokens 3000', 'factory')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('1.5 ether are needed to cover 150 %, and there would be 1 ether'),
    })
    await done('escrow issue --tokens 1000 --ether 1', 'factory')
    await done('escrow withdraw --ether 0.5', 'factory')
    const { json, stdout } = await done('escrow show --json')
    expect(json).toMatchObject({ collateralWei: String(15n * 10n ** 17n), supply: String(10n ** 21n) })
    expect(stdout).toContain('"usd": "3000"')
  }, 240_000)
})

describe('the agreement', () => {
  it('is drafted and said in plain language', async () => {
    writeFileSync(stage.file('draft.json'), JSON.stringify(DRAFT))
    writeFileSync(
      stage.file('device.json'),
      JSON.stringify(deviceIdentity(device.public, walletOf('supplier'))),
    )
    const parties = Object.keys(keys).map((name) => `--party ${name}=${name}.json`)
    const line = `agreement terms --folder ship --draft draft.json ${parties.join(' ')} --device device.json --shipment 34012345000000001`
    const { stdout } = await done(line)
    expect(stdout).toContain('Temperature must not rise above 40.0 °C.')
    expect(stdout).toContain('Off chain, shipper-x is paid over a payment channel from supplier.')
    expect(await stage.run(line)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[folder.exists]'),
    })
  })

  it('is made once both have signed', async () => {
    expect(await stage.run('agreement create --folder ship', 'factory')).toMatchObject({
      code: 2,
      stderr: 'consign: the payer has not signed; let it run consign agreement sign [folder.signature]\n',
    })
    await done('agreement sign --folder ship', 'factory')
    await done('agreement sign --folder ship', 'supplier')
    const { json } = await done('agreement address --folder ship --json')
    expect(json.exists).toBe(false)
    const dry = await done('agreement create --folder ship --dry-run', 'shipper-x')
    expect(dry.stdout).toMatch(
      /^Would do: The agreement 0x.* is made\.\n {2}gas about [\d,]+\nNothing was sent\.\n$/,
    )
    const made = await done('agreement create --folder ship --json', 'shipper-x')
    expect(made.json.agreement).toBe(json.agreement)
    expect((await done('agreement address --folder ship --json')).json.exists).toBe(true)
    shipment = shipmentOf(json.agreement as Hex)
  }, 240_000)

  it('begins, and custody passes', async () => {
    const first = await firstLeg(shipment)
    writeFrame(stage.file('ship'), 'keys-0', 'legKeys', first.signedKeys)
    expect(await stage.run('agreement start --folder ship', 'supplier')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the guarantee of 125 tokens is not paid in; run agreement fund first'),
    })
    await done('agreement fund --folder ship', 'factory')
    await done('agreement start --folder ship', 'supplier')
    await addEnvelope(first, rows(20_000))
    const toCarrier = await handOver(shipment, first, keys['shipper-x']!)
    writeLeg(stage.file('ship'), first, toCarrier)
    rmSync(join(stage.file('ship'), 'frames', 'accept-0'))
    await acceptByDriver(toCarrier)
    await done('agreement cut --folder ship --leg 0', 'shipper-x')
    const second = toCarrier.next
    writeFrame(stage.file('ship'), 'keys-1', 'legKeys', second.signedKeys)
    await addEnvelope(second, rows(30_000))
    await addEnvelope(second, rows(30_000, 41_500), 3 * 3_600_000)
    await addEnvelope(second, rows(42_000, 20_000))
    const toPayer = await handOver(shipment, second, keys.factory!)
    writeLeg(stage.file('ship'), second, toPayer)
    writeFrame(stage.file('ship'), 'seal-1', 'seal', await sealLeg(second))
    await done('agreement cut --folder ship --leg 1', 'supplier')
  }, 240_000)

  it('charges what the folder proves, once', async () => {
    const { json } = await done('agreement prove --folder ship --leg 1 --limit 1 --json', 'supplier')
    const [proven] = (json.events as { name: string; args: { caseId: Hex } }[]).filter(
      ({ name }) => name === 'ViolationProven',
    )
    caseId = proven!.args.caseId
    expect((await done('agreement prove --folder ship --leg 1 --limit 1', 'supplier')).stdout).toContain(
      'nothing was sent',
    )
    expect(await stage.run('agreement prove --folder ship --leg 0 --limit 1', 'supplier')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[prove.nothing]'),
    })
    expect((await done('agreement silence --folder ship --leg 1', 'supplier')).stdout).toContain(
      'was silent for',
    )
  }, 240_000)

  it('is contested, and answered by the seal', async () => {
    expect(await stage.run(`agreement contest --folder ship --case ${caseId}`, 'supplier')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[chain.AgreementNotAccused]'),
    })
    await done(`agreement contest --folder ship --case ${caseId}`, 'shipper-x')
    const { stdout } = await done(`agreement answer --folder ship --case ${caseId}`, 'factory')
    expect(stdout).toContain('is upheld')
  }, 240_000)

  it('is settled after the windows, and guarantees are claimed', async () => {
    await done('agreement acknowledge --folder ship --total 150 --submit', 'supplier')
    expect(await stage.run('agreement settle --folder ship', 'supplier')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /settlement is open from 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC; wait until then \[chain\.AgreementNotSettleable\]/,
      ),
    })
    await stage.passHours(WINDOWS_HOURS.dispute + 1)
    expect((await done('agreement settle --folder ship', 'supplier')).stdout).toContain(
      'shipper-x is due 37 tokens',
    )
    await stage.passHours(WINDOWS_HOURS.payment + 1)
    expect((await done('agreement claim --folder ship --party supplier', 'supplier')).stdout).toContain(
      'supplier was paid 50 tokens',
    )
    await done('agreement claim --folder ship --party shipper-x', 'shipper-x')
    await done('agreement release --folder ship --party supplier', 'factory')
    const { stdout } = await done('agreement show --folder ship')
    expect(stdout).toContain('settled')
    expect(stdout).toMatch(
      /supplier +200 tokens +0 tokens +0 tokens +150 tokens +100 tokens +50 tokens +50 tokens +1 \/ 1/,
    )
    expect(stdout).toMatch(
      /shipper-x +50 tokens +13 tokens +0 tokens +0 tokens +25 tokens +25 tokens +0 tokens +0 \/ 1/,
    )
  }, 240_000)
})

describe('tokens', () => {
  it('are redeemed: queued at a stale price, paid at the next', async () => {
    const { stdout } = await done('escrow redeem --tokens 50', 'supplier')
    expect(stdout).toContain('redemption 1 waits for the next price')
    expect(await stage.run('escrow execute --id 1', 'supplier')).toMatchObject({ code: 1 })
    await done('escrow price --usd 2000', 'factory')
    const paid = await done('escrow execute --id 1', 'shipper-x')
    expect(paid.stdout).toContain('0.024875 ether') // 50 USD at 2000, less 0.5 %
  }, 240_000)
})

describe('anchors', () => {
  it('are added, noted and shown', async () => {
    await done(`anchor add --seq 0 --root 0x${'12'.repeat(32)} --size 3`, 'factory')
    await done(`anchor witness --writer ${walletOf('factory')}`, 'shipper-x')
    expect((await done('anchor show --json', 'factory')).json).toMatchObject({ count: '1', size: '3' })
  }, 240_000)
})

/** The driver of shipper-x accepts the offer of leg 0 with keys of its own; the same words as the company would have signed. */
async function acceptByDriver({ cut }: Handover): Promise<void> {
  await done('keys new --out driver.key')
  writeFileSync(stage.file('driver.json'), (await done('keys show --json', 'driver')).stdout)
  const delegating = 'agreement delegate --folder ship --to driver.json'
  await done(`${delegating} --until 2100-01-01 --out driver.delegation`, 'shipper-x')
  await done(`${delegating} --until 2020-01-01 --out ended.delegation`, 'shipper-x')
  await done('agreement delegate --chain 1 --to driver.json --until 2100-01-01 --out elsewhere', 'shipper-x')
  const accepting = 'agreement accept --folder ship --leg 0'
  for (const [line, as, code] of [
    [`${delegating} --until 2100-01-01 --out driver.delegation`, 'shipper-x', 'argument.exists'],
    [`${delegating} --until 2100-01-01 --out another`, 'driver', 'argument.party'],
    [accepting, 'driver', 'argument.party'],
    [`${accepting} --delegation ended.delegation`, 'driver', 'delegation.expired'],
    [`${accepting} --delegation elsewhere`, 'driver', 'delegation.signature.ecdsa'],
    [`${accepting} --delegation driver.delegation`, 'shipper-x', 'delegation.delegate'],
    [`${accepting} --delegation driver.json`, 'driver', 'argument.file'],
  ] as const)
    expect(await stage.run(line, as), line).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(new RegExp(`^consign: [^\n]*\\[${code}\\]\n$`)),
    })
  const { json } = await done(`${accepting} --delegation driver.delegation --json`, 'driver')
  expect(json).toMatchObject({ party: walletOf('shipper-x') })
  expect(json.acceptDigest).toBe(toHex(decodeSignedCut(fromHex(cut)).record.acceptDigest))
}

const walletOf = (name: string): Hex => keys[name]!.wallet.address.toLowerCase() as Hex

const rows = (...temperatures: number[]) => temperatures.map((temperature) => ({ temperature }))

function shipmentOf(agreement: Hex): Shipment {
  const terms = parseTerms(JSON.parse(readFileSync(stage.file('ship/terms.json'), 'utf8')))
  const signers = { payer: walletOf('factory'), payee: walletOf('supplier') }
  return {
    terms,
    device,
    agreement,
    chainId: 31_337,
    termsHash: termsHash(terms),
    parties: keys,
    ...signers,
  } as Shipment
}
