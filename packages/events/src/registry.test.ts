import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineEvent, EVENTS, eventDefinition } from './index.ts'

test('declares each type once, as past events with a version', () => {
  const types = EVENTS.map(({ type }) => type)
  expect(new Set(types).size).toBe(types.length)
  for (const type of types) expect(eventDefinition(type)?.type).toBe(type)
  expect(eventDefinition('custody.vanished.v1')).toBeUndefined()
})

test('every event can be described as JSON schema, for the catalogue', () => {
  for (const { type, data, summary } of EVENTS) {
    const schema = z.toJSONSchema(data, { unrepresentable: 'any' })
    expect(schema, type).toMatchObject({ type: 'object', additionalProperties: false })
    expect(summary, type).toMatch(/\.$/)
  }
})

test('refuses to declare a type that does not read like one', () => {
  const declare = (type: string) => () =>
    defineEvent({ type, summary: 'x.', subject: null, data: z.strictObject({}) })
  expect(declare('custody.packed')).toThrow(TypeError)
  expect(declare('Custody.packed.v1')).toThrow(TypeError)
  expect(declare('custody.packed.v1')).not.toThrow()
})
