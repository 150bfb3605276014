// The edge program as a real process beside a real ingest, with keys, certificate and folder of its own.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { deviceId, exportKeySet, type KeySet, toHex } from '@consign/envelope'
import type { IngestProcess } from '../../ingest/test/ingest-process.ts'
import { DEPLOYMENT, type SampleJourney } from '../src/sample-journey.ts'

const EDGE = fileURLToPath(new URL('../../../edge/src/main.ts', import.meta.url))

/** A line that it prints; edge/README.md lists them. */
export type EdgeLine = { event: string; [field: string]: unknown }

export type EdgeProcess = Awaited<ReturnType<typeof provisionEdge>>

/** `env`: what else it is told. It samples a simulation, four readings an envelope. */
export async function provisionEdge(
  journey: SampleJourney,
  ingest: IngestProcess,
  identity: KeySet,
  env: Record<string, string>,
) {
  const directory = mkdtempSync(join(tmpdir(), 'consign-edge-'))
  const file = (name: string, text: string): string => {
    const path = join(directory, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const { cert, key } = await ingest.authority.device(deviceId(identity.public))
  const provisioned = {
    PATH: process.env.PATH,
    CONSIGN_LOG_LEVEL: 'warn',
    DEVICE_DIR: directory,
    MQTT_URL: `mqtts://127.0.0.1:${ingest.mqttPort}`,
    TLS_CA_FILE: file('ca.crt', ingest.authority.ca),
    TLS_CERT_FILE: file('device.crt', cert),
    TLS_KEY_FILE: file('device.key', key),
    IDENTITY_KEY_FILE: file('identity', toHex(exportKeySet(identity))),
    INGEST_SESSION_KEY_FILE: file('session.pub', toHex(ingest.sessionKey)),
    INGEST_RECEIPT_KEY_FILE: file('receipt.pub', toHex(ingest.receiptKeys.public.mlDsa)),
    TERMS_FILE: file('terms.json', JSON.stringify(journey.sample.terms)),
    AGREEMENT: journey.agreement,
    CHAIN_ID: String(DEPLOYMENT.chainId),
    PACE_MS: '20',
    READINGS_PER_ENVELOPE: '4',
    ...env,
  }
  const lines: EdgeLine[] = []
  const waiting = new Set<() => void>()
  let child: ReturnType<typeof launch> | undefined
  let ended: Promise<number | string> = Promise.resolve(0)

  function launch() {
    const launched = spawn(process.execPath, [EDGE], { env: provisioned, stdio: ['pipe', 'pipe', 'inherit'] })
    const killWithUs = () => launched.kill('SIGKILL')
    process.once('exit', killWithUs)
    launched.once('close', () => process.off('exit', killWithUs))
    // A write to a process that was killed meanwhile is what these tests provoke.
    launched.stdin.on('error', () => {})
    createInterface({ input: launched.stdout }).on('line', (line) => {
      lines.push(JSON.parse(line) as EdgeLine)
      for (const wake of waiting) wake()
    })
    ended = new Promise((resolve) => launched.once('close', (code, signal) => resolve(code ?? signal!)))
    return launched
  }

  return {
    lines,
    start(): void {
      child = launch()
    },
    /** Resolves when it says so, now or later. */
    saw: (event: string, matches: (line: EdgeLine) => boolean = () => true) =>
      new Promise<EdgeLine>((resolve) => {
        const look = (): void => {
          const found = lines.find((line) => line.event === event && matches(line))
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    /** A line on its stdin. */
    tell: (command: object) => child?.stdin.write(`${JSON.stringify(command)}\n`),
    ended: () => ended,
    kill(): Promise<number | string> {
      child?.kill('SIGKILL')
      return ended
    },
    async remove(): Promise<void> {
      child?.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
