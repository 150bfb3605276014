/**
 * CPU of the whole ingest process per envelope, from the socket to the receipt, beside a process that does the same verifications behind
 * Aedes over the same TLS and nothing else. Both get the same envelopes at the same time, in step, from real devices on real connections:
 * what else runs on the machine (nats-server, the devices) slows both alike.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  deviceId,
  encodeFrame,
  encodeSignedLegKeys,
  hexDigits,
  type KeySet,
  legKeysDigest,
} from '@consign/envelope'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { startNatsServer } from '@consign/eventlog/testing'
import { subjects } from '@consign/events'
import {
  connectDevice,
  type IngestProcess,
  keysNumber,
  legKeysOf,
  type Pem,
  SampleLeg,
  signedEvent,
  someReadings,
  startIngest,
  termsFor,
  tlsOptions,
  tryConnect,
} from '@consign/ingest/testing'
import { type BaselineConfig, SEALING_BYTES } from './ingest-baseline.ts'
import { type BenchResult, resultOf } from './measure.ts'

const DEVICES = 8
const READINGS = 32
/** Single rounds differ by a tenth on a busy machine: their mean counts. */
const ROUNDS = 8
/** × 8 devices: until the engine has compiled what a service that runs for days has compiled. */
const WARM_UP_ENVELOPES = 2_000
/** × 8 devices × about 250 µs = 1 CPU-s a round, 100 ticks of /proc. */
const ROUND_ENVELOPES = 500
/** Without PUBACK, as the edge program has it. */
const UNACKNOWLEDGED_MAX = 32

type Device = { id: string; keys: KeySet; leg: SampleLeg; pem: Pem; legKeys: Uint8Array }
/** One device's connection: `send` resolves with the PUBACK, `finish` when all `sent` are receipted, where there are receipts. */
type Sender = { send: (wire: Uint8Array) => Promise<unknown>; finish: (sent: number) => Promise<unknown> }
type Side = { pid: number; senders: Sender[]; close: () => Promise<void> }

export async function run(): Promise<BenchResult[]> {
  const nats = await startNatsServer()
  const ingest = await startIngest(nats.url)
  try {
    const devices = await Promise.all(Array.from({ length: DEVICES }, (_, i) => makeDevice(ingest, i)))
    const sides: Side[] = [await ingestSide(nats.url, ingest, devices), await baselineSide(ingest, devices)]
    await oneRound(sides, devices, WARM_UP_ENVELOPES)
    const rounds: number[][] = []
    for (let round = 0; round < ROUNDS; round++) rounds.push(await oneRound(sides, devices, ROUND_ENVELOPES))
    for (const side of sides) await side.close()
    const [ingestUs, baselineUs] = [0, 1].map((side) => meanOf(rounds.map((round) => round[side]!))) as [
      number,
      number,
    ]
    const baseline = resultOf('verify + Aedes over TLS', baselineUs, { readingsPerOp: READINGS })
    return [baseline, resultOf('ingest', ingestUs, { readingsPerOp: READINGS, baseline })]
  } finally {
    await ingest.remove()
    await nats.stop()
  }
}

async function makeDevice(ingest: IngestProcess, index: number): Promise<Device> {
  const identity = keysNumber(100 + index)
  const keys = keysNumber(200 + index)
  const id = deviceId(identity.public)
  const ref = { chainId: 31_337, agreement: `0x${String(index).padStart(40, 'b')}` as const, leg: 0 }
  const signed = await legKeysOf(ref, identity, keys)
  return {
    id,
    keys: identity,
    leg: new SampleLeg(ref, keys, legKeysDigest(signed.record)),
    pem: await ingest.authority.device(id),
    legKeys: encodeFrame('legKeys', encodeSignedLegKeys(signed)),
  }
}

async function ingestSide(natsUrl: string, ingest: IngestProcess, devices: Device[]): Promise<Side> {
  const nats = await connectNats({ url: natsUrl, name: 'bench' })
  const events = await connectEventLog({ nats })
  for (const { keys, leg } of devices) {
    const { agreement } = leg.ref
    await events.append(subjects.custody(agreement), [signedEvent(agreement, termsFor(keys))], {
      expectedSeq: 0,
    })
  }
  await nats.close()
  const connections = await Promise.all(devices.map(({ id, pem }) => connectDevice(ingest, id, pem)))
  await Promise.all(connections.map((connection, i) => connection.send(devices[i]!.legKeys)))
  const senders = connections.map(
    (connection): Sender => ({
      send: (wire) => connection.send(encodeFrame('envelope', wire)),
      finish: (sent) =>
        connection.receipt((r) => r.kind === 'envelope' && r.status === 'stored' && r.seq === sent - 1),
    }),
  )
  const close = async () => {
    await Promise.all(connections.map((connection) => connection.close()))
  }
  return { pid: ingest.pid(), senders, close }
}

async function baselineSide(ingest: IngestProcess, devices: Device[]): Promise<Side> {
  const server = await ingest.authority.server()
  const config: BaselineConfig = {
    tls: { ...server, ca: ingest.authority.ca },
    keys: Object.fromEntries(
      devices.map(({ id, leg }) => {
        const { p256, mlDsa, slhDsa } = leg.keys.public
        return [id, { p256: hexDigits(p256), mlDsa: hexDigits(mlDsa), slhDsa: hexDigits(slhDsa) }]
      }),
    ),
  }
  const child = spawn(process.execPath, [fileURLToPath(new URL('ingest-baseline.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  child.stdin.end(JSON.stringify(config))
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()))
    child.once('exit', (code) => reject(new Error(`the baseline ended with ${code}`)))
  })
  const { mqttPort } = JSON.parse(line) as { mqttPort: number }
  const clients = await Promise.all(
    devices.map(({ id, pem }) => tryConnect({ ...tlsOptions(ingest, pem), port: mqttPort, clientId: id })),
  )
  const senders = clients.map((client, i): Sender => {
    const topic = `consign/${devices[i]!.id}/up`
    const prefix = Buffer.alloc(SEALING_BYTES)
    return {
      send: (wire) => client.publishAsync(topic, Buffer.concat([prefix, wire]), { qos: 1 }),
      finish: async () => {},
    }
  })
  const close = async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)))
    process.removeListener('exit', killWithUs)
    child.kill()
  }
  return { pid: child.pid!, senders, close }
}

/** CPU-µs per envelope of each side. Envelopes are signed, as checkpoints, before anything is measured. */
async function oneRound(sides: Side[], devices: Device[], count: number): Promise<number[]> {
  const wires = await Promise.all(devices.map(({ leg }) => sealEnvelopes(leg, count)))
  const before = sides.map(({ pid }) => cpuUsOf(pid))
  await Promise.all(
    devices.map((device, i) =>
      sendInStep(
        sides.map((side) => side.senders[i]!),
        wires[i]!,
        device.leg.seq,
      ),
    ),
  )
  return sides.map(({ pid }, i) => (cpuUsOf(pid) - before[i]!) / (count * devices.length))
}

async function sealEnvelopes(leg: SampleLeg, count: number): Promise<Uint8Array[]> {
  const wires: Uint8Array[] = []
  for (let i = 0; i < count; i++)
    wires.push((await leg.next({ readings: someReadings(READINGS, leg.seq) })).wire)
  return wires
}

/** Each envelope goes to both sides at once, and none further ahead than the slower one allows. */
async function sendInStep(senders: Sender[], wires: Uint8Array[], sentInAll: number): Promise<void> {
  const inFlight = new Set<Promise<unknown>>()
  for (const wire of wires) {
    const sent: Promise<unknown> = Promise.all(senders.map(({ send }) => send(wire))).finally(() =>
      inFlight.delete(sent),
    )
    inFlight.add(sent)
    if (inFlight.size >= UNACKNOWLEDGED_MAX) await Promise.race(inFlight)
  }
  await Promise.all(inFlight)
  await Promise.all(senders.map(({ finish }) => finish(sentInAll)))
}

function meanOf(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

const TICKS_PER_SECOND = 100

/** User and system time of all threads of a process (proc(5): fields 14 and 15 of stat, the name in brackets may hold blanks). */
function cpuUsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND
}
