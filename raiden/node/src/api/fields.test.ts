import { expect, test } from 'vitest'
import { z } from 'zod'
import { addressField, hash32Field, integerField, parseBody, parsePage, parsePathAddress } from './fields.ts'
import { ApiRefusal } from './refusal.ts'

const ADDRESS = '0x61C808D82A3Ac53231750daDc13c777b59310bD9'

function refusalOf(run: () => unknown): ApiRefusal {
  try {
    run()
  } catch (error) {
    if (error instanceof ApiRefusal) return error
    throw error
  }
  throw new Error('was taken')
}

test('takes integers as decimal strings and as JSON numbers', () => {
  const take = (value: unknown) => parseBody(z.object({ n: integerField }), { n: value }).n
  expect(['0', '-7', 12, String(2n ** 256n), `1${'0'.repeat(100)}`].map(take)).toEqual([
    0n,
    -7n,
    12n,
    2n ** 256n,
    10n ** 100n,
  ])
})

test.each(['', ' 1', '1.0', '0x1', '1e3', 1.5, 2 ** 53, Number.NaN, null, true, 1e100])(
  'refuses %j as an integer, naming the field',
  (value) => {
    const refusal = refusalOf(() => parseBody(z.object({ n: integerField }), { n: value }))
    expect(refusal).toMatchObject({ status: 400, errors: { n: ['Not a valid integer.'] } })
  },
)

test('an address must be EIP-55: 400 in a body, 404 in a path', () => {
  expect(parsePathAddress(ADDRESS)).toBe(ADDRESS)
  expect(parseBody(z.object({ a: addressField }), { a: ADDRESS })).toEqual({ a: ADDRESS })
  for (const wrong of [
    ADDRESS.toLowerCase(),
    ADDRESS.slice(2),
    `${ADDRESS}00`,
    `0x${'z'.repeat(40)}`,
    '0x',
    '',
  ]) {
    expect(refusalOf(() => parsePathAddress(wrong)).status).toBe(404)
    expect(refusalOf(() => parseBody(z.object({ a: addressField }), { a: wrong })).status).toBe(400)
  }
  expect(refusalOf(() => parseBody(z.object({ a: addressField }), { a: `0x${'0'.repeat(40)}` })).status).toBe(
    400,
  )
})

test('a hash is 32 bytes in hex, of any case, and one spelling inside', () => {
  const take = (value: unknown) => parseBody(z.object({ h: hash32Field }), { h: value }).h
  expect(take(`0x${'AB'.repeat(32)}`)).toBe(`0x${'ab'.repeat(32)}`)
  for (const wrong of ['ab'.repeat(32), `0x${'ab'.repeat(31)}`, `0x${'xy'.repeat(32)}`, 5])
    expect(refusalOf(() => take(wrong)).status).toBe(400)
})

test('names every wrong field, and says which are missing', () => {
  const schema = z.object({ a: addressField, n: integerField })
  expect(refusalOf(() => parseBody(schema, { n: 'x' })).errors).toEqual({
    a: ['Missing data for required field.'],
    n: ['Not a valid integer.'],
  })
  expect(refusalOf(() => parseBody(schema, { a: ADDRESS })).errors).toEqual({
    n: ['Missing data for required field.'],
  })
})

test('names a field that is unknown, whatever it is called', () => {
  const body = JSON.parse('{ "a": "x", "__proto__": { "n": 1 }, "constructor": 2 }')
  const { errors } = refusalOf(() => parseBody(z.strictObject({ a: z.string() }), body))
  expect(JSON.parse(JSON.stringify(errors))).toEqual(
    JSON.parse('{ "__proto__": ["Unknown field."], "constructor": ["Unknown field."] }'),
  )
  expect(JSON.stringify(errors)).toContain('"__proto__":["Unknown field."]')
})

test.each([undefined, null, [], 'text', 7])('refuses %j as a body', (body) => {
  expect(refusalOf(() => parseBody(z.object({}), body))).toMatchObject({
    status: 400,
    errors: 'JSON payload expected',
  })
})

test('a page is whole and not negative', () => {
  expect(parsePage({ limit: '2', offset: '0' })).toEqual({ limit: 2, offset: 0 })
  expect(parsePage({})).toEqual({})
  for (const wrong of [
    { limit: '-1' },
    { offset: 'x' },
    { limit: '1.5' },
    { limit: '' },
    { offset: ' 1' },
    { limit: ['1', '2'] },
  ])
    expect(refusalOf(() => parsePage(wrong)).status).toBe(400)
})
