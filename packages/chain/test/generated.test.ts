import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { committedGasTable, gasTable, isMissed, measureGas } from '../../../contracts/script/gas.ts'
import { generatedFiles } from '../../../contracts/script/generate.ts'

test('ABIs and creation codes are those of the Solidity sources', { timeout: 300_000 }, async () => {
  const fresh = await generatedFiles()
  const committed = new Map<string, string>()
  for (const path of fresh.keys()) committed.set(path, await readFile(path, 'utf8').catch(() => ''))
  const stale = [...fresh].filter(([path, text]) => committed.get(path) !== text).map(([path]) => path)
  expect(stale, 'run `node contracts/script/generate.ts`').toEqual([])
})

test('the gas table is the one that a fresh run gives, and says why where a target is missed', {
  timeout: 180_000,
}, async () => {
  const measured = await measureGas()
  expect(await committedGasTable(), 'run `node contracts/script/gas.ts`').toBe(gasTable(measured))
  expect(measured.filter(({ target }) => target !== undefined).map(({ call }) => call)).toEqual([
    'AgreementFactory.create',
    'Agreement.recordCut',
    'Agreement.proveViolation',
    'Agreement.answerWithSeal',
    'AnchorLog.anchor',
    'Agreement.settle',
  ])
  expect(measured.filter((row) => isMissed(row) && row.missed === undefined)).toEqual([])
})
