import { once } from 'node:events'
import { native, Refusal } from '@consign/envelope'
import type { ServiceContext } from '@consign/runtime'
import { termsHash } from '@consign/terms'
import { followCommands } from './commands.ts'
import { type Config, type Provisioning, readProvisioning } from './config.ts'
import { Device } from './device.ts'
import type { DeviceEvent, Tell } from './events.ts'
import { bootId, systemClock } from './record/clock.ts'
import { chooseSource, defaultEndMs } from './sources/choose.ts'
import type { Source } from './sources/source.ts'
import { Spool } from './spool/spool.ts'
import { Uplink } from './uplink/uplink.ts'

export type Prepared = { config: Config; provisioning: Provisioning; spool: Spool; source: Source }

/**
 * Everything that can be wrong before the first reading: files, terms, the spool, the source. Throws Refusal. A spool that is already in use
 * for another agreement or with another source is refused ('config.spool'); the time line that it began with is kept.
 */
export async function prepare(config: Config): Promise<Prepared> {
  const provisioning = readProvisioning(config)
  const spool = new Spool(config.DEVICE_DIR)
  const { terms } = provisioning
  claim(spool, 'deviceId', provisioning.deviceId)
  claim(spool, 'agreement', config.AGREEMENT)
  claim(spool, 'chainId', config.CHAIN_ID)
  claim(spool, 'termsHash', termsHash(terms))
  claim(spool, 'replacesLeg', config.REPLACES_LEG ?? null)
  const nowMs = spool.fact<number>('sourceNowMs') ?? config.NOW_MS ?? defaultEndMs(config, terms)
  const source = await chooseSource(config, terms, nowMs)
  const { SOURCE, SEED, READINGS_PER_LEG, REPLAY_DEVICE, REPLAY_INTERVAL_MS, HANDOVERS } = config
  const sameSource =
    SOURCE === 'replay' ? { REPLAY_DEVICE, REPLAY_INTERVAL_MS, HANDOVERS } : { SEED, READINGS_PER_LEG }
  claim(spool, 'source', { SOURCE, ...sameSource, ...source.summary })
  spool.transaction(() => {
    const { readings, emptyRows, shiftMs } = source.summary
    spool.setFact('sourceNowMs', nowMs)
    spool.setFact('sourceReadings', readings)
    spool.setFact('sourceEmptyRows', emptyRows)
    spool.setFact('sourceShiftMs', shiftMs)
  })
  return { config, provisioning, spool, source }
}

function claim(spool: Spool, name: string, value: unknown): void {
  const known = spool.fact(name)
  if (known === undefined) spool.setFact(name, value)
  else if (JSON.stringify(known) !== JSON.stringify(value))
    throw new Refusal(
      'config.spool',
      `DEVICE_DIR is in use with ${name} ${JSON.stringify(known)}, not ${JSON.stringify(value)}: give each shipment its own folder`,
    )
}

/** The device and its network, until delivered and receipted, or stopped. */
export async function runEdge(
  { config, provisioning, spool, source }: Prepared,
  context: ServiceContext,
): Promise<void> {
  const { log, signal, ready } = context
  const tell = teller(context, spool)
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  let fail!: (error: unknown) => void
  const fault = new Promise<never>((_, reject) => {
    fail = reject
  })
  const shared = {
    ...{ spool, tell, log, clock: systemClock, crypto: native },
    ...{ chainId: config.CHAIN_ID, agreement: config.AGREEMENT, deviceId: provisioning.deviceId },
  }
  const uplink = new Uplink({
    ...shared,
    url: config.MQTT_URL,
    tls: provisioning.tls,
    sessionKey: provisioning.sessionKey,
    receiptKey: provisioning.receiptKey,
    random: Math.random,
    accept: (bytes) => void device.accept(bytes, 'downlink').catch(fail),
  })
  const device = new Device({
    ...shared,
    terms: provisioning.terms,
    identity: provisioning.identity,
    replacesLeg: config.REPLACES_LEG,
    bootId: bootId(),
    readingsPerEnvelope: config.READINGS_PER_ENVELOPE,
    envelopeMsMax: config.ENVELOPE_MS_MAX,
    source,
    spooled: () => uplink.wake(),
  })
  followCommands(process.stdin, {
    accept: (bytes) => void device.accept(bytes, 'camera').catch(fail),
    manualCut: (signed) => void device.takeOver(signed).catch(fail),
    scan: () => void device.scan().catch(fail),
    refused: ({ code, message }) => {
      log.warn({ code }, message)
      tell({ event: 'refused', code, reason: message })
    },
  })
  tell({ event: 'source', ...source.summary, nowMs: spool.fact<number>('sourceNowMs')! })
  const sending = uplink.run(either)
  ready()
  try {
    await Promise.race([deliver(device, uplink, spool, either), sending, fault])
    if (device.custody.isDelivered && spool.frames.count() === 0) {
      const { leg, party } = device.recorder.leg
      tell({ event: 'delivered', leg, to: party })
    }
  } finally {
    over.abort()
    await sending.catch(() => {})
    spool.close()
  }
}

/** Follows the source to the end, then waits until ingest has receipted everything. */
async function deliver(device: Device, uplink: Uplink, spool: Spool, signal: AbortSignal): Promise<void> {
  await device.run(signal)
  while (!signal.aborted && spool.frames.count() > 0)
    await once(uplink, 'receipted', { signal }).catch(() => {})
}

/** Events as lines on stdout, counted; what waits in the spool is measured when asked. */
function teller({ metrics }: Pick<ServiceContext, 'metrics'>, spool: Spool): Tell {
  const events = metrics.counter({
    name: 'consign_edge_events_total',
    help: 'Device events',
    labels: ['event'],
  })
  const measure = (name: string, help: string, count: () => number) =>
    metrics.gauge({ name, help, collect: (gauge) => gauge.set(count()) })
  measure('consign_edge_frames_waiting', 'Frames without a stored receipt', () => spool.frames.count())
  measure('consign_edge_readings_waiting', 'Readings in no envelope yet', () => spool.readings.count())
  return (event: DeviceEvent) => {
    events.inc({ event: event.event })
    process.stdout.write(`${JSON.stringify(event)}\n`)
  }
}
