import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'consign-interrupt-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs the demo in a process group of its own, as a terminal does, and presses Ctrl-C when `line` has been printed. */
function interruptAt(line: string): Promise<{ code: number | null; stdout: string; group: number }> {
  const child = spawn(process.execPath, [MAIN], {
    detached: true,
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const group = child.pid!
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    const before = stderr.includes(line)
    stderr += chunk
    if (!before && stderr.includes(line)) process.kill(-group, 'SIGINT')
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, group })))
}

const isAlive = (group: number): boolean => {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

describe('Ctrl-C leaves no process, no file and no output behind', () => {
  it.each([
    'starting nats-server and anvil',
    'starting the services',
    'signed; parties',
    'scan: the device offers',
  ])('at "%s"', async (line) => {
    const { code, stdout, group } = await interruptAt(line)
    expect(code).toBe(130)
    expect(stdout).toBe('')
    await expect.poll(() => isAlive(group), { timeout: 5_000 }).toBe(false)
    expect(readdirSync(dir).filter((name) => name.startsWith('consign-'))).toEqual([])
  })
})
