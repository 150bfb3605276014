/** A chain with the contracts, key files, and the program as its users start it: one process for each command. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Deployment, deployConsign, walletClient } from '@consign/chain'
import { createTestClient, type Hex, http, parseEther } from 'viem'
import { developer, startAnvil } from '../../contracts/script/anvil.ts'
import { deploymentText, withDeployment } from '../../contracts/script/deploy.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export type Answer = { code: number; stdout: string; stderr: string; json: Record<string, unknown> }

export type Stage = Awaited<ReturnType<typeof setStage>>

/** `commands` run with the options that a user would have in the environment. */
export async function setStage() {
  const anvil = await startAnvil()
  const dir = mkdtempSync(join(tmpdir(), 'consign-cli-'))
  const client = walletClient(anvil.url, developer)
  const file = (name: string) => join(dir, name)
  const environment: Record<string, string> = {
    CONSIGN_RPC: anvil.url,
    CONSIGN_DEPLOYMENT: file('deployment.json'),
  }
  const test = createTestClient({ mode: 'anvil', transport: http(anvil.url) })

  /** Refuses nothing: exit code and both outputs are the answer. `as`: whose key file. */
  const run = (line: string, as?: string): Promise<Answer> =>
    new Promise((resolve) => {
      const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
      const env = { ...process.env, ...environment, ...(as ? { CONSIGN_KEY_FILE: file(`${as}.key`) } : {}) }
      execFile(process.execPath, [PROGRAM, ...args], { env, cwd: dir }, (error, stdout, stderr) => {
        const code = error ? Number(error.code) : 0
        resolve({
          code,
          stdout,
          stderr,
          json: line.includes('--json') && code === 0 ? JSON.parse(stdout) : {},
        })
      })
    })

  return {
    dir,
    file,
    client,
    run,
    async deploy(organisation: Hex): Promise<Deployment> {
      const deployment = await deployConsign({ client, account: developer, organisation })
      writeFileSync(file('deployment.json'), deploymentText(withDeployment(undefined, deployment)))
      return deployment
    },
    async giveEther(to: Hex): Promise<void> {
      const hash = await client.sendTransaction({ to, value: parseEther('20'), chain: null })
      await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
    },
    async passHours(hours: number): Promise<void> {
      await test.increaseTime({ seconds: hours * 3600 })
      await test.mine({ blocks: 1 })
    },
    async end(): Promise<void> {
      await anvil.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
