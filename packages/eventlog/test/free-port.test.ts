import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../src/testing.ts'

const FROM_WHERE_LINUX_DRAWS_OUTGOING_PORTS = 32_768

test('a port is given to one process only, as often as it is asked', async () => {
  // A small range, so that draws meet ports that are taken.
  const min = await freePort()
  const range = JSON.stringify({ min: min + 1, max: min + 40 })
  const module = JSON.stringify(new URL('../src/testing.ts', import.meta.url).href)
  const script = `
    const { freePort } = await import(${module})
    for (let i = 0; i < 10; i++) console.log(await freePort(${range}))
    await new Promise((resolve) => process.stdin.once('data', resolve).resume())
    process.exit()`
  const both = [0, 1].map(() => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]))
  const printed = both.map(({ child }) => {
    let ports: string[] = []
    return new Promise<string[]>((resolve) =>
      child.stdout?.on('data', (chunk: string) => {
        ports = [...ports, ...chunk.trim().split('\n')]
        if (ports.length >= 10) resolve(ports)
      }),
    )
  })
  const ports = (await Promise.all(printed)).flat()
  for (const { child } of both) child.stdin?.end('end\n')
  await Promise.all(both)
  expect(new Set(ports).size).toBe(20)
})

test.each(['127.0.0.1', '0.0.0.0'])('a port on which somebody listens at %s is not given', async (host) => {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const given = await Promise.all(
    Array.from({ length: 20 }, () => freePort({ min: port - 20, max: port + 20 })),
  )
  expect(given).not.toContain(port)
})

test('no outgoing connection is given one of these ports', async () => {
  for (let i = 0; i < 100; i++) expect(await freePort()).toBeLessThan(FROM_WHERE_LINUX_DRAWS_OUTGOING_PORTS)
})
