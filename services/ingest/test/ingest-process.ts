/** Ingest as a real process, with the keys and certificates it needs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { exportKeySet, generateSessionKey, toHex } from '@consign/envelope'
import { freePort } from '@consign/eventlog/testing'
import { type TestAuthority, testAuthority } from './certificates.ts'
import { keysNumber } from './sample-device.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export type IngestProcess = {
  authority: TestAuthority
  /** Public X-Wing key that devices seal for. */
  sessionKey: Uint8Array
  receiptKeys: ReturnType<typeof keysNumber>
  mqttPort: number
  pid: () => number
  /** Values of a counter summed over its labels, or of those that `labels` names. */
  metric(name: string, labels?: Record<string, string>): Promise<number>
  /** Resolves when the process has ended, with what ended it. */
  ended: () => Promise<number | NodeJS.Signals>
  kill(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>
  /** The same keys, certificates and port; `killAt` names a step. */
  start(killAt?: string): Promise<void>
  /** Ends it and removes its files. */
  remove(): Promise<void>
}

export async function startIngest(natsUrl: string, killAt?: string): Promise<IngestProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'consign-ingest-'))
  const authority = await testAuthority()
  const server = await authority.server()
  const session = await generateSessionKey()
  const receiptKeys = keysNumber(77)
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 })
    return join(dir, name)
  }
  const mqttPort = await freePort()
  const env = {
    PATH: process.env.PATH,
    NATS_URL: natsUrl,
    MQTT_PORT: String(mqttPort),
    METRICS_PORT: '0',
    TLS_CERT_FILE: file('server.crt', server.cert),
    TLS_KEY_FILE: file('server.key', server.key),
    TLS_CA_FILE: file('ca.crt', authority.ca),
    SESSION_KEY_FILE: file('session', toHex(session.privateKey)),
    RECEIPT_KEY_FILE: file('receipt', toHex(exportKeySet(receiptKeys))),
    CONSIGN_LOG_LEVEL: process.env.CONSIGN_LOG_LEVEL ?? 'fatal',
  }
  let child: ChildProcess | undefined
  let exit: Promise<number | NodeJS.Signals> = Promise.resolve(0)
  let metricsPort = 0
  const start = async (at?: string) => {
    const launched = spawn(process.execPath, [MAIN], {
      env: at === undefined ? env : { ...env, CONSIGN_KILL_AT: at },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = launched
    const killWithUs = () => launched.kill('SIGKILL')
    process.once('exit', killWithUs)
    exit = new Promise((resolve) =>
      launched.once('exit', (code, signal) => {
        process.removeListener('exit', killWithUs)
        resolve(signal ?? code ?? 0)
      }),
    )
    metricsPort = await listening(launched, exit)
  }
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child?.kill(signal)
    return exit
  }
  await start(killAt)
  return {
    authority,
    sessionKey: session.publicKey,
    receiptKeys,
    mqttPort,
    pid: () => child?.pid ?? 0,
    metric: async (name, labels = {}) => {
      const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
      return sumOf(await response.text(), name, labels)
    },
    ended: () => exit,
    kill,
    start,
    remove: async () => {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Waits for both lines on stdout; the port of the metrics. */
async function listening(child: ChildProcess, exit: Promise<unknown>): Promise<number> {
  let metricsPort = 0
  const lines = createInterface({ input: child.stdout! })
  const ready = (async () => {
    for await (const line of lines) {
      const event = JSON.parse(line) as { metricsPort?: number; mqttPort?: number }
      metricsPort = event.metricsPort ?? metricsPort
      if (event.mqttPort !== undefined) return
    }
  })()
  await Promise.race([ready, exit.then((how) => Promise.reject(new Error(`ingest ended at once: ${how}`)))])
  return metricsPort
}

function sumOf(exposition: string, name: string, labels: Record<string, string>): number {
  let sum = 0
  for (const line of exposition.split('\n')) {
    if (!line.startsWith(`${name}{`)) continue
    const wanted = Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`))
    if (wanted) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}
