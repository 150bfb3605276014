import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getAddress } from 'viem'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readDeployment, writeDeployment } from './record.ts'

const ADDRESS = '0xabcdefabcdefabcdefabcdefabcdefabcdefabcd'
const deployed = { address: ADDRESS, block_number: 3 }
const RECORD = {
  chainId: 31337,
  settleTimeoutS: 60,
  contracts: {
    TokenNetworkRegistry: deployed,
    ServiceRegistry: deployed,
    UserDeposit: deployed,
    SecretRegistry: deployed,
    MonitoringService: deployed,
    OneToN: deployed,
  },
  serviceToken: ADDRESS,
  tokenNetworks: { [ADDRESS]: ADDRESS },
}

let file: string
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'consign-record-'))
  file = join(dir, 'contracts.json')
})
afterEach(() => rmSync(dir, { recursive: true }))

it('reads every address in EIP-55, whatever was written, and writes what it reads', () => {
  writeFileSync(file, JSON.stringify(RECORD))
  const record = readDeployment(file)!
  expect(record.contracts.OneToN.address).toBe(getAddress(ADDRESS))
  expect(record.tokenNetworks).toEqual({ [getAddress(ADDRESS)]: getAddress(ADDRESS) })
  writeDeployment(file, record)
  expect(readDeployment(file)).toEqual(record)
})

it('tells a file that is missing from one that is something else', () => {
  expect(readDeployment(file)).toBeUndefined()
  for (const text of ['', '{}', JSON.stringify({ ...RECORD, serviceToken: '0x1' })]) {
    writeFileSync(file, text)
    expect(() => readDeployment(file)).toThrow(
      expect.objectContaining({ code: 'raiden.record', message: expect.stringContaining('deploy.ts') }),
    )
  }
})
