// npm run demo: starts everything on 127.0.0.1, runs one shipment, has a separate process audit it, and shows the result.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Refusal } from '@consign/envelope'
import { connectEventLog, connectNats } from '@consign/eventlog'
import type { CompleteDraft } from '@consign/terms'
import type { Observation } from './observer.ts'
import { type DemoOptions, HELP, parseOptions } from './options.ts'
import { hasRaiden } from './raiden.ts'
import { checkInputs, runShipment, type ShipmentRun, shortenWindows } from './run.ts'
import { budgetOf, DEFAULT_TERMS, readDraft } from './shipment.ts'
import { type Payments, SERVICES, type Stack, startStack } from './stack.ts'
import { renderSummary, Tally } from './summary.ts'
import { Timeline } from './timeline.ts'
import { unlessAborted } from './unless-aborted.ts'

const EXIT = { ok: 0, checkFailed: 1, badInput: 2, setupFailed: 3, interrupted: 130 } as const
type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const READINGS_PER_LEG = 200
const PACE_MS = 25

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort())
leaveWithParent()

// Whoever read us may have left (`| head`); that ends nothing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.exit(await main())

async function main(): Promise<ExitCode> {
  let options: DemoOptions
  let draft: CompleteDraft
  try {
    options = parseOptions(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd())
    if (options.help) {
      process.stdout.write(HELP)
      return EXIT.ok
    }
    if (options.payments === 'raiden' && !hasRaiden()) throw noRaiden()
    draft = shortenWindows(readDraft(options.termsFile ?? DEFAULT_TERMS))
    await checkInputs(draft, options.replay)
  } catch (error) {
    return refuse(error, EXIT.badInput)
  }
  const dir = mkdtempSync(join(tmpdir(), 'consign-'))
  const code = await runIn(dir, draft, options)
  if (code === EXIT.ok || code === EXIT.interrupted) rmSync(dir, { recursive: true, force: true })
  else process.stderr.write(`logs: ${join(dir, 'logs')}\n`)
  return code
}

async function runIn(dir: string, draft: CompleteDraft, options: DemoOptions): Promise<ExitCode> {
  const timeline = new Timeline(process.stderr)
  const { signal } = interrupted
  let stack: Stack
  try {
    const say = (line: string) => timeline.say(line, 'dim')
    const payments = options.payments ?? paymentsHere(timeline)
    stack = await startStack({ dir, seed: options.seed, payments, budget: budgetOf(draft), say, signal })
  } catch (error) {
    return signal.aborted ? EXIT.interrupted : refuse(error, EXIT.setupFailed)
  }
  try {
    const run = await unlessAborted(ship(stack, draft, options, timeline), signal)
    if (options.keep) await stayUp(stack, run)
    return Object.values(run.document.checks).every(Boolean) ? EXIT.ok : EXIT.checkFailed
  } catch (error) {
    return signal.aborted ? EXIT.interrupted : refuse(error, EXIT.checkFailed)
  } finally {
    await stack.stop()
  }
}

function paymentsHere(timeline: Timeline): Payments {
  if (hasRaiden()) return 'raiden'
  timeline.say(`${noRaiden().message} Payments go by plain transfers (onchain) this time.`, 'yellow')
  return 'onchain'
}

function noRaiden(): Refusal {
  return new Refusal(
    'demo.raiden',
    "Raiden's contracts could not be had (set-up's own line says why, and what to do).",
  )
}

async function ship(
  stack: Stack,
  draft: CompleteDraft,
  options: DemoOptions,
  timeline: Timeline,
): Promise<ShipmentRun> {
  const nats = await connectNats({ url: stack.natsUrl, name: 'demo' })
  const tally = new Tally()
  try {
    const run = await runShipment(
      stack,
      await connectEventLog({ nats }),
      {
        name: 'shipment',
        serial: options.seed,
        draft,
        replay: options.replay,
        paceMs: PACE_MS,
        readingsPerLeg: READINGS_PER_LEG,
        contest: options.contest,
        networkCutInLeg: options.replay === undefined ? 2 : undefined,
        onEdge: (event) => timeline.showEdge(event),
      },
      (observation: Observation) => {
        timeline.show(observation)
        if (observation.kind === 'event') tally.take(observation.event)
      },
      interrupted.signal,
    )
    show(run, tally, options)
    return run
  } finally {
    await nats.close()
  }
}

function show({ document, shipment }: ShipmentRun, tally: Tally, { json }: DemoOptions): void {
  if (json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  else process.stdout.write(renderSummary({ document, tally, bytesUp: shipment.bytesUp() }, process.stdout))
}

async function stayUp(stack: Stack, { auditFile }: ShipmentRun): Promise<void> {
  const lines = [
    ['event log', stack.natsUrl],
    ['chain', stack.rpcUrl],
    ['MQTT', `mqtts://127.0.0.1:${stack.mqttPort}`],
    ...(stack.raiden?.nodes() ?? []).map(({ name, url }) => [`Raiden, ${name}`, url]),
    ...SERVICES.map((name) => [name, `http://127.0.0.1:${stack.metricsPorts[name]}/metrics`]),
    ['files, logs', stack.dir],
    ['audit again', `node_modules/.bin/node tools/demo/audit/main.ts ${auditFile}`],
  ]
  for (const [what, where] of lines) process.stderr.write(`${what!.padEnd(20)}${where}\n`)
  process.stderr.write('Everything stays up; Ctrl-C ends it.\n')
  await new Promise<void>((resolve) =>
    interrupted.signal.addEventListener('abort', () => resolve(), { once: true }),
  )
}

/** A refusal is one line with its code; anything else is a bug, and its stack says where. */
function refuse(error: unknown, code: ExitCode): ExitCode {
  const told =
    error instanceof Refusal ? `${error.code}: ${error.message}` : ((error as Error).stack ?? String(error))
  process.stderr.write(`${told}\n`)
  return code
}

/** When whoever started us is gone without a word, nobody is left to stop us. */
function leaveWithParent(): void {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) interrupted.abort()
  }, 500).unref()
}
