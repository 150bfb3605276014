import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { parseConfig, portVariable, secretFileVariable } from './config.ts'

const schema = z.object({
  CONSIGN_NATS_URL: z.string().startsWith('nats://', 'must begin with nats://'),
  CONSIGN_METRICS_PORT: portVariable.default(0),
  CONSIGN_TOKEN_FILE: secretFileVariable.optional(),
})

function temporaryFile(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'consign-config-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'secret'), text)
  return join(dir, 'secret')
}

test('reads variables by the names of the schema, and nothing else', () => {
  const file = temporaryFile('hush\n')
  const env = {
    CONSIGN_NATS_URL: 'nats://x',
    CONSIGN_METRICS_PORT: '9100',
    CONSIGN_TOKEN_FILE: file,
    PATH: '/bin',
  }
  expect(parseConfig(schema, env)).toEqual({
    config: { CONSIGN_NATS_URL: 'nats://x', CONSIGN_METRICS_PORT: 9100, CONSIGN_TOKEN_FILE: 'hush' },
  })
})

test('takes an empty variable for an absent one', () => {
  const parsed = parseConfig(schema, { CONSIGN_NATS_URL: 'nats://x', CONSIGN_METRICS_PORT: '' })
  expect(parsed).toEqual({ config: { CONSIGN_NATS_URL: 'nats://x', CONSIGN_METRICS_PORT: 0 } })
})

test('names every wrong variable in one line each, without its value', () => {
  const env = { CONSIGN_METRICS_PORT: '70000', CONSIGN_TOKEN_FILE: '/does/not/exist' }
  const parsed = parseConfig(schema, env)
  expect(parsed).toEqual({
    problems: [
      'CONSIGN_NATS_URL: is not set',
      expect.stringMatching(/^CONSIGN_METRICS_PORT: (?!.*70000)/),
      'CONSIGN_TOKEN_FILE: the file /does/not/exist cannot be read (ENOENT)',
    ],
  })
  const wrong = parseConfig(schema, { CONSIGN_NATS_URL: 'http://user:pw@x', CONSIGN_METRICS_PORT: 'x' })
  expect(wrong).toEqual({
    problems: [
      'CONSIGN_NATS_URL: must begin with nats://',
      'CONSIGN_METRICS_PORT: must be a port, 0 to 65535',
    ],
  })
})

test('refuses an empty secret', () => {
  const file = temporaryFile('\n')
  const parsed = parseConfig(schema, { CONSIGN_NATS_URL: 'nats://x', CONSIGN_TOKEN_FILE: file })
  expect(parsed).toEqual({ problems: [`CONSIGN_TOKEN_FILE: the file ${file} is empty`] })
})
