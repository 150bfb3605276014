import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { committedGasTable, gasTable, measureGas } from '../../../contracts/script/gas.ts'
import { generatedFiles } from '../../../contracts/script/generate.ts'

test('ABIs and creation codes are those of the Solidity sources', { timeout: 300_000 }, async () => {
  const fresh = await generatedFiles()
  const committed = new Map<string, string>()
  for (const path of fresh.keys()) committed.set(path, await readFile(path, 'utf8').catch(() => ''))
  const stale = [...fresh].filter(([path, text]) => committed.get(path) !== text).map(([path]) => path)
  expect(stale, 'run `node contracts/script/generate.ts`').toEqual([])
})

test('the gas table is the one that a fresh run gives, and no call exceeds its target', async () => {
  const measured = await measureGas()
  expect(await committedGasTable(), 'run `node contracts/script/gas.ts`').toBe(gasTable(measured))
  const withTarget = measured.filter(({ target }) => target !== undefined)
  expect(withTarget.length).toBe(4)
  expect(withTarget.filter(({ gas, target = 0n }) => gas > target)).toEqual([])
})
