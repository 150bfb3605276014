import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Refusal } from '@consign/envelope'
import { afterAll, describe, expect, it } from 'vitest'
import { readDevice, readParty } from './identities.ts'

const dir = mkdtempSync(join(tmpdir(), 'consign-identities-'))
afterAll(() => rmSync(dir, { recursive: true }))

const digits = (bytes: number) => `0x${'ab'.repeat(bytes)}`
const keys = { mlDsaKey: digits(1312), slhDsaKey: digits(32) }
const PARTY = { wallet: digits(20), ...keys, mlDsaKeyHash: digits(32) }
const DEVICE = { p256: digits(64), ...keys, provisioner: digits(20), keystore: 'secureElement' }

function fileOf(document: unknown): string {
  const file = join(dir, 'identity.json')
  writeFileSync(file, JSON.stringify(document))
  return file
}

async function refusal(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.then(
    () => 'taken',
    (cause) => cause,
  )
  return error instanceof Refusal ? `${error.code} ${error.message}` : String(error)
}

describe('an identity', () => {
  it('has what terms name of it, whatever else stands in its file', async () => {
    const { mlDsaKeyHash: _, ...identity } = PARTY
    expect(await readParty({ name: 'supplier', file: fileOf(PARTY) })).toEqual(['supplier', identity])
    expect(await readDevice(fileOf({ ...DEVICE, label: 'box 7' }))).toEqual(DEVICE)
  })

  it.each([
    ['null', null, 'it must be a JSON object', 'it must be a JSON object'],
    ['an empty object', {}, 'wallet must be 0x and 40 hex digits', 'p256 must be 0x and 128 hex digits'],
    ['a key too short', { ...PARTY, ...DEVICE, slhDsaKey: digits(31) }, 'slhDsaKey', 'slhDsaKey'],
    [
      'an unknown keystore',
      { ...DEVICE, keystore: 'drawer' },
      'wallet',
      'keystore must be file or secureElement',
    ],
  ])('is not %s', async (_what, document, ofParty, ofDevice) => {
    const file = fileOf(document)
    const asParty = await refusal(readParty({ name: 'supplier', file }))
    expect(asParty).toContain(ofParty)
    expect(asParty).toContain(`argument.identity ${file} is no identity of a party`)
    const asDevice = await refusal(readDevice(file))
    expect(asDevice).toContain(ofDevice)
    expect(asDevice).toContain(`argument.identity ${file} is no identity of a device`)
  })

  it('of a device is none of a party, and the other way round', async () => {
    expect(await refusal(readParty({ name: 'supplier', file: fileOf(DEVICE) }))).toContain('wallet must be')
    expect(await refusal(readDevice(fileOf(PARTY)))).toContain('p256 must be')
  })
})
