import { expect, test } from 'vitest'
import { checkServer } from './jetstream-streams.ts'

test('refuses a server that is too old or runs without JetStream', () => {
  const code = (version: string, jetstream: boolean) => {
    try {
      checkServer({ version, jetstream })
      return 'taken'
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error
    }
  }
  expect(code('2.9.10', true)).toBe('log.server')
  expect(code('2.12.9', true)).toBe('log.server')
  expect(code('2.14.0', true)).toBe('log.server')
  expect(code('2.14.1', true)).toBe('taken')
  expect(code('2.15.0-RC.1', true)).toBe('taken')
  expect(code('3.0.0', true)).toBe('taken')
  expect(code('2.14.3', false)).toBe('log.server')
})
