import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { deviceId, exportKeySet, type KeySet, Refusal } from '@consign/envelope'
import type { Hex } from 'viem'
import { toHex } from 'viem'
import { writeSecret } from './identities.ts'
import type { Replay } from './options.ts'
import type { Stack } from './stack.ts'

const EDGE = fileURLToPath(new URL('../../edge/src/main.ts', import.meta.url))
const RESTARTS_MAX = 20
const RESTART_PAUSE_MS = 200

/** A line that the edge program prints; edge/README.md lists them. */
export type EdgeEvent = { event: string; leg?: number; [field: string]: unknown }

export type DeviceOptions = {
  name: string
  identity: KeySet
  agreement: Hex
  termsFile: string
  mqttPort: number
  /** Readings come from the simulation, or from a file as fast as the system takes them. */
  source:
    | { kind: 'simulation'; seed: number; paceMs: number; readingsPerLeg: number }
    | ({ kind: 'replay' } & Replay)
  nowMs: number
  /** As of a service that is supervised. */
  killAt?: readonly string[] | undefined
  onEvent: (event: EdgeEvent) => void
}

export type Device = { dir: string; restarts: () => number; finished: Promise<void>; stop(): Promise<void> }

/** Provisions a device and runs the edge program until it has delivered; when it dies it is started again, as on a Pi. */
export async function startDevice(stack: Stack, options: DeviceOptions): Promise<Device> {
  const dir = join(stack.dir, options.name, 'device')
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const env = await provision(stack, dir, options)
  let starts = 0
  let stopped = false
  let running: ReturnType<Stack['processes']['start']> | undefined
  const run = async (): Promise<void> => {
    for (;;) {
      const CONSIGN_KILL_AT = options.killAt?.[starts] ?? ''
      starts++
      running = stack.processes.start({
        name: `edge-${options.name}`,
        command: process.execPath,
        args: [EDGE],
        env: { ...env, CONSIGN_KILL_AT },
        onLine: (line) => options.onEvent(JSON.parse(line) as EdgeEvent),
      })
      const ended = await running.ended
      if (ended === 0 || stopped || stack.processes.stopping) return
      if (starts > RESTARTS_MAX || ended === 2) {
        throw new Refusal(
          'demo.device',
          `the device ended with ${ended}; its log is ${stack.processes.logFile(`edge-${options.name}`)}`,
        )
      }
      await sleep(RESTART_PAUSE_MS)
    }
  }
  return {
    dir,
    restarts: () => starts - 1,
    finished: run(),
    async stop() {
      stopped = true
      running?.kill('SIGTERM')
      await running?.ended
    },
  }
}

async function provision(stack: Stack, dir: string, options: DeviceOptions): Promise<Record<string, string>> {
  const certificate = await stack.authority.issueDevice(dir, deviceId(options.identity.public))
  const { source } = options
  const sourceEnv: Record<string, string> =
    source.kind === 'replay'
      ? {
          SOURCE: 'replay',
          REPLAY_FILE: source.file,
          REPLAY_DEVICE: source.device,
          HANDOVERS: source.handovers.join(','),
        }
      : {
          SOURCE: 'simulation',
          SEED: String(source.seed),
          PACE_MS: String(source.paceMs),
          READINGS_PER_LEG: String(source.readingsPerLeg),
        }
  return {
    ...sourceEnv,
    DEVICE_DIR: dir,
    MQTT_URL: `mqtts://127.0.0.1:${options.mqttPort}`,
    TLS_CA_FILE: stack.authority.caFile,
    TLS_CERT_FILE: certificate.certificateFile,
    TLS_KEY_FILE: certificate.keyFile,
    IDENTITY_KEY_FILE: writeSecret(dir, 'identity', toHex(exportKeySet(options.identity))),
    INGEST_SESSION_KEY_FILE: stack.ingestKeys.sessionPublic,
    INGEST_RECEIPT_KEY_FILE: stack.ingestKeys.receiptPublic,
    TERMS_FILE: options.termsFile,
    AGREEMENT: options.agreement,
    CHAIN_ID: String(stack.deployment.chainId),
    NOW_MS: String(options.nowMs),
  }
}
