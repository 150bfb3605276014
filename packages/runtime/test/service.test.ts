import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const program = fileURLToPath(new URL('example-service.ts', import.meta.url))

type Line = { event: string; metricsPort?: number }

/** The example as a real process; `until` resolves with the line of stdout that has this event. */
function startExample(env: Record<string, string>) {
  const child = spawn(process.execPath, [program], { env: { PATH: process.env.PATH, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const lines: Line[] = []
  const output = createInterface(child.stdout)
  output.on('line', (line) => lines.push(JSON.parse(line)))
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  return {
    child,
    until: async (event: string) => {
      for (;;) {
        const line = lines.find((each) => each.event === event)
        if (line) return line
        await Promise.race([once(output, 'line'), closed])
        if (child.exitCode !== null) throw new Error(`ended early: ${stderr}`)
      }
    },
    end: async () => {
      const [code, signal] = await closed
      return { code, signal, stderr }
    },
  }
}

test('answers health, readiness and metrics, drains on SIGTERM and exits with 0', async () => {
  const { child, until, end } = startExample({ EXAMPLE: 'good' })
  const { metricsPort } = await until('listening')
  await until('ready')
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${metricsPort}${path}`, { method })
  expect((await get('/healthz')).status).toBe(200)
  expect((await get('/readyz')).status).toBe(200)
  expect((await get('/nothing')).status).toBe(404)
  expect((await get('/metrics', 'POST')).status).toBe(405)
  const metrics = await (await get('/metrics')).text()
  expect(metrics).toContain('consign_example_total{kind="first",service="example"} 3')
  expect(metrics).toContain('consign_example_waiting{service="example"} 7')
  expect(metrics).toContain('process_cpu_seconds_total')
  child.kill('SIGTERM')
  expect(await end()).toMatchObject({ code: 0, signal: null })
})

test('is not ready while it drains, and exits with 1 when that takes too long', async () => {
  const { child, until, end } = startExample({ EXAMPLE: 'stuck' })
  const { metricsPort } = await until('listening')
  await until('ready')
  child.kill('SIGINT')
  const readiness = async () => {
    const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined)
    return answer?.status ?? 'gone'
  }
  await expect.poll(readiness).not.toBe(200)
  const { code, stderr } = await end()
  expect(code).toBe(1)
  expect(stderr).toContain('draining took more than 300 ms')
})

test.each([
  ['throws', 'cannot go on'],
  ['rejects', 'nobody waits for this'],
])('exits with 1 and says why when it %s', async (behaviour, message) => {
  const { code, stderr } = await startExample({ EXAMPLE: behaviour }).end()
  expect(code).toBe(1)
  expect(stderr).toContain(message)
})

test('exits with 1 when the port for metrics is taken', async () => {
  const first = startExample({ EXAMPLE: 'good' })
  const { metricsPort } = await first.until('listening')
  const { code, stderr } = await startExample({ EXAMPLE: 'good', METRICS_PORT: String(metricsPort) }).end()
  expect(code).toBe(1)
  expect(stderr).toContain('EADDRINUSE')
})

test('exits with 2 and one line for each wrong variable', async () => {
  const { code, stderr } = await startExample({ METRICS_PORT: 'x' }).end()
  expect(code).toBe(2)
  expect(stderr).toBe('EXAMPLE: is not set\nMETRICS_PORT: must be a port, 0 to 65535\n')
})

test('logs JSON lines to stderr without secrets', async () => {
  const { child, until, end } = startExample({ EXAMPLE: 'good' })
  await until('ready')
  child.kill('SIGTERM')
  const { stderr } = await end()
  const lines = stderr.trim().split('\n')
  const configured = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'configured')
  expect(configured).toMatchObject({
    service: 'example',
    token: '[secret]',
    connection: { password: '[secret]' },
    url: 'kept',
  })
  expect(stderr).not.toContain('hush')
})

test('ends by SIGKILL at the step that is named, the second time', async () => {
  const { end } = startExample({ EXAMPLE: 'good', CONSIGN_KILL_AT: 'example.begun#2' })
  expect(await end()).toMatchObject({ code: null, signal: 'SIGKILL' })
})
