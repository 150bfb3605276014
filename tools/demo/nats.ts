import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '@consign/envelope'
import { freePort } from '@consign/eventlog/testing'
import { connect } from '@nats-io/transport-node'
import type { ProcessGroup } from './processes.ts'

const READY_MS_MAX = 15_000

/** A nats-server with JetStream on files below `dir`. Returns its URL once it answers. */
export async function startNats(processes: ProcessGroup, dir: string): Promise<string> {
  const binary = process.env.CONSIGN_NATS_SERVER ?? 'nats-server'
  const port = await freePort()
  mkdirSync(dir, { recursive: true })
  const config = join(dir, 'nats.conf')
  writeFileSync(
    config,
    `host: 127.0.0.1\nport: ${port}\njetstream {\n  store_dir: ${JSON.stringify(dir)}\n}\n`,
  )
  processes.start({ name: 'nats-server', command: binary, args: ['-c', config] })
  const url = `nats://127.0.0.1:${port}`
  const deadline = Date.now() + READY_MS_MAX
  while (Date.now() < deadline) {
    try {
      const connection = await connect({ servers: url, timeout: 1_000 })
      await connection.close()
      return url
    } catch {
      await sleep(50)
    }
  }
  throw new Refusal(
    'demo.nats',
    `nats-server did not answer; its log is ${processes.logFile('nats-server')}.`,
  )
}
