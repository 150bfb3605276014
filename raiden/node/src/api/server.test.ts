import { readFileSync } from 'node:fs'
import { createLogger, createMetrics } from '@consign/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { openJournal } from '../payments/journal.ts'
import { Payments } from '../payments/payments.ts'
import { unavailable } from './refusal.ts'
import { createApi } from './server.ts'

const ADDRESS = '0x61C808D82A3Ac53231750daDc13c777b59310bD9'

/** The API of a node whose SDK does not run. */
function startingApi(host = '127.0.0.1') {
  const journal = openJournal(':memory:')
  const log = createLogger('test', { CONSIGN_LOG_LEVEL: 'silent' })
  const api = createApi({
    address: ADDRESS,
    host,
    raiden() {
      throw unavailable('not yet')
    },
    status: () => ({ status: 'syncing', missing: [] }),
    payments: new Payments({ journal, address: ADDRESS, log, now: () => 0, onConcluded: () => {} }),
    journal,
    metrics: createMetrics('test'),
    pfsUrl: 'http://pfs.example',
    shutdown: () => {},
    log,
  })
  onTestFinished(() => api.close())
  return api
}

test('every route is in openapi.json, and every path of it is a route', async () => {
  const routes: string[] = []
  const api = startingApi()
  // Routes are registered when the instance gets ready, after this hook.
  api.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat())
      if (each !== 'HEAD' && url.startsWith('/api/v1/')) routes.push(`${each} ${url}`)
  })
  await api.ready()
  const { paths } = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'))
  const documented = Object.entries(paths as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations).map(
      (method) => `${method.toUpperCase()} /api/v1${path.replaceAll('{', ':').replaceAll('}', '')}`,
    ),
  )
  expect(routes.sort()).toEqual(documented.sort())
})

test('while the SDK does not run, address, version, status and settings answer, and the rest is 503', async () => {
  const api = startingApi()
  const get = async (path: string) => (await api.inject({ url: `/api/v1${path}` })).statusCode
  for (const path of ['/address', '/version', '/status', '/settings'])
    expect([path, await get(path)]).toEqual([path, 200])
  for (const path of [
    '/tokens',
    '/channels',
    '/payments',
    '/pending_transfers',
    '/connections',
    '/user_deposit',
  ])
    expect([path, await get(path)]).toEqual([path, 503])
})

test('refuses what a web page could send', async () => {
  const api = startingApi()
  const get = async (headers: Record<string, string>) =>
    (await api.inject({ url: '/api/v1/address', headers })).statusCode
  expect(await get({ host: '127.0.0.1:5001' })).toBe(200)
  expect(await get({ host: 'localhost:5001' })).toBe(200)
  expect(await get({ host: '[::1]:5001' })).toBe(200)
  expect(await get({ host: '127.0.0.1:5001', origin: 'http://shop.example' })).toBe(403)
  expect(await get({ host: '127.0.0.1:5001', origin: 'null' })).toBe(403)
  // A name that was turned to 127.0.0.1 behind the browser's back.
  expect(await get({ host: 'shop.example:5001' })).toBe(403)
  expect(await get({ host: '127.0.0.1.shop.example' })).toBe(403)
})

test('bound to an address of the network it is called by any name, still not by pages', async () => {
  const api = startingApi('0.0.0.0')
  const get = async (headers: Record<string, string>) =>
    (await api.inject({ url: '/api/v1/address', headers })).statusCode
  expect(await get({ host: 'raiden-node:5001' })).toBe(200)
  expect(await get({ host: 'raiden-node:5001', origin: 'http://raiden-node:5001' })).toBe(403)
})
