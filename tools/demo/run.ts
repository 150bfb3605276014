import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { replaySource } from '@consign/edge/replay'
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import type { CompleteDraft } from '@consign/terms'
import type { Hex } from 'viem'
import type { AuditQuery } from './audit/report.ts'
import { type ChannelBalances, readChannels } from './channels.ts'
import type { ShipmentDocument } from './document.ts'
import { Completion, type Observation, observe } from './observer.ts'
import type { Replay } from './options.ts'
import { checkTerms, type Shipment, type ShipmentOptions, startShipment } from './shipment.ts'
import type { Stack } from './stack.ts'

const AUDIT = fileURLToPath(new URL('audit/main.ts', import.meta.url))
const STALLED_MS_MAX = 90_000
const SECOND_HOURS = 1 / 3600
// Not that of an answer: it may need the device's next seal, and nobody waits for what is not contested.
const WINDOW_HOURS_MAX = {
  disputeHours: 2 * SECOND_HOURS,
  contestHours: 5 * SECOND_HOURS,
  // Long enough for an acknowledgement that has to be sent twice.
  paymentHours: 15 * SECOND_HOURS,
}

export type ShipmentRun = { document: ShipmentDocument; shipment: Shipment; auditFile: string }

/** Runs one shipment on the stack until it is paid, proven and anchored, then has it audited by a process of its own. */
export async function runShipment(
  stack: Stack,
  log: EventLog,
  options: ShipmentOptions,
  onObservation: (observation: Observation) => void,
  signal: AbortSignal,
): Promise<ShipmentRun> {
  const shipment = await startShipment(stack, options)
  try {
    let channelsBefore: Promise<ChannelBalances[]> | undefined
    const watch = (observation: Observation) => {
      onObservation(observation)
      // From now until the dispute window ends nothing is paid.
      if (isDelivery(observation, shipment.agreement)) {
        channelsBefore ??= channelsOf(stack, shipment)
        channelsBefore.catch(() => {}) // it is told where it is awaited
      }
    }
    await untilComplete(log, shipment, watch, signal)
    const auditFile = writeAuditQuery(stack, shipment, await channelsBefore)
    return { document: await auditApart(auditFile), shipment, auditFile }
  } finally {
    await shipment.stop()
  }
}

async function untilComplete(
  log: EventLog,
  shipment: Shipment,
  onObservation: (observation: Observation) => void,
  signal: AbortSignal,
): Promise<void> {
  const completion = new Completion(shipment.agreement)
  const stop = new AbortController()
  const stalled = setTimeout(() => stop.abort(), STALLED_MS_MAX)
  let deviceFinished = false
  let failure: unknown
  const fail = (error: unknown) => {
    failure = error
    stop.abort()
  }
  shipment.channelsOpen.catch(fail)
  shipment.device.finished.then(() => {
    deviceFinished = true
  }, fail)
  try {
    for await (const observation of observe(log, AbortSignal.any([signal, stop.signal]))) {
      if (observation.kind !== 'caughtUp') stalled.refresh()
      else if (deviceFinished && completion.isComplete) return
      onObservation(observation)
      completion.take(observation)
    }
  } finally {
    clearTimeout(stalled)
  }
  if (failure !== undefined) throw failure
  signal.throwIfAborted()
  throw new Refusal(
    'demo.stalled',
    `nothing has happened for ${STALLED_MS_MAX / 1000} s; still to come: ${[...completion.missing(), ...(deviceFinished ? [] : ['the device'])].join(', ')}.`,
  )
}

function isDelivery(observation: Observation, agreement: Hex): boolean {
  return (
    observation.kind === 'event' &&
    observation.event.type === 'custody.delivered.v1' &&
    observation.event.data.agreement === agreement
  )
}

async function channelsOf({ raiden, deployment }: Stack, { terms }: Shipment): Promise<ChannelBalances[]> {
  return raiden === undefined ? [] : readChannels(raiden.nodes(), terms, lower(deployment.token))
}

function writeAuditQuery(stack: Stack, shipment: Shipment, channelsBefore?: ChannelBalances[]): string {
  const query: AuditQuery = {
    natsUrl: stack.natsUrl,
    rpcUrl: stack.rpcUrl,
    agreement: shipment.agreement,
    deviceDir: shipment.device.dir,
    deployment: stack.deployment,
    payer: stack.payer.wallet.address,
    writer: stack.writer,
    ...(stack.raiden === undefined
      ? {}
      : { raiden: { token: lower(stack.deployment.token), nodes: stack.raiden.nodes() } }),
    ...(channelsBefore === undefined ? {} : { channelsBefore }),
  }
  const file = join(stack.dir, shipment.name, 'audit.json')
  writeFileSync(file, JSON.stringify(query, null, 2))
  return file
}

const lower = (address: Hex): Hex => address.toLowerCase() as Hex

/** The audit as a process of its own, so that nothing it says can come from this one's memory. */
export function auditApart(queryFile: string): Promise<ShipmentDocument> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [AUDIT, queryFile], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0 || code === 1) resolve(JSON.parse(output) as ShipmentDocument)
      else
        reject(new Refusal('demo.audit', `the audit ended with ${code}: ${errors.trim().split('\n').at(-1)}`))
    })
  })
}

/** Finds out before anything is started whether file, device, handovers and terms fit together. Refusal `replay.…`, `terms.…` or `demo.…`. */
export async function checkInputs(draft: CompleteDraft, replay: Replay | undefined): Promise<void> {
  checkTerms(draft)
  const carriers = draft.parties.filter(({ role }) => role === 'carrier').length
  if (replay === undefined) return
  if (replay.handovers.length > carriers) {
    throw new Refusal(
      'demo.carriers',
      `${replay.handovers.length} handovers need as many carriers; the terms name ${carriers}.`,
    )
  }
  await replaySource({ ...replay, nowMs: Date.now(), paceMs: 0 })
}

/** Nobody waits a week for a demo: no window of the terms is longer than seconds. */
export function shortenWindows(draft: CompleteDraft): CompleteDraft {
  const windows = { ...draft.windows }
  for (const [window, hoursMax] of Object.entries(WINDOW_HOURS_MAX) as [
    keyof typeof WINDOW_HOURS_MAX,
    number,
  ][])
    windows[window] = Math.min(windows[window], hoursMax)
  return { ...draft, windows }
}
