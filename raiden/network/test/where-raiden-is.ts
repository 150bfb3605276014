import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe } from 'vitest'
import { CONTRACTS_JSON } from './chain.ts'

const INSTALLED = existsSync(fileURLToPath(new URL('../../node_modules/raiden-ts', import.meta.url)))

/** Tests that need the SDK and Raiden's contracts; skipped, with a line that says so, where set-up could not fetch them. */
export function describeRaiden(name: string, tests: () => void): void {
  const isHere = INSTALLED && CONTRACTS_JSON !== undefined
  if (!isHere)
    process.stderr.write(
      `skipped: ${name}. Raiden is not installed here; run npm run setup, which says what is missing.\n`,
    )
  describe.skipIf(!isHere)(name, tests)
}
