import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

/** Runs the demo on a machine whose set-up could not get Raiden's contracts. */
function demo(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { CONSIGN_RAIDEN_CONTRACTS: _, ...env } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

it("without Raiden's contracts the demo says so and pays by transfers", async () => {
  const { code, stdout, stderr } = await demo('--json')
  expect(stderr).toMatch(/Raiden's contracts could not be had .*plain transfers \(onchain\)/)
  expect(code).toBe(0)
  const { payouts, channels } = JSON.parse(stdout)
  expect(payouts.map(({ via }: { via: string }) => via)).toEqual(['onchain', 'onchain', 'onchain'])
  expect(channels).toEqual([])
}, 180_000)

it('who insists on Raiden gets one line', async () => {
  const { code, stdout, stderr } = await demo('--payments', 'raiden')
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^demo\.raiden: .+\n$/)
})
