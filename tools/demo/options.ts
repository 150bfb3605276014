import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Refusal } from '@consign/envelope'
import type { Payments } from './stack.ts'

export const HELP = `Runs one shipment end to end on this machine: supplier, shipper-x, shipper-y, factory.

Usage: npm run demo -- [options]

  --json               print one JSON document on stdout; progress goes to stderr
  --replay FILE        replay a CSV file instead of simulated sensors; columns
                       device,utc,lat,lon,door,motion,gforce,tilt,temperature,humidity,light
  --device ID          the device of that file to replay
  --handover ISO_TIME  hand over at this time of the file, at most twice; readings at or after it are the taker's
  --terms FILE         what was agreed; see packages/terms/examples/; the dispute window becomes two seconds at most
  --seed N             seed of keys and simulated sensors (default 1)
  --payments WAY       raiden (payment channels; the default where its contracts can be had) or onchain (transfers)
  --contest            who is charged contests each case that is proven on chain, with its own wallet; the services answer
  --keep               stay up afterwards and print the endpoints; Ctrl-C ends it
  --help               show this

Examples:
  npm run demo
  npm run -s demo -- --json > shipment.json
  npm run demo -- --replay containers.csv --device A --handover 2016-08-12T00:00:00Z
  npm run demo -- --terms packages/terms/examples/sc-a.json --keep

Exit status: 0 all checks hold, 1 a check failed, 2 bad usage or input, 3 set-up failed; 130 after Ctrl-C.
`

export type Replay = { file: string; device: string; handovers: string[] }
export type DemoOptions = {
  json: boolean
  help: boolean
  contest: boolean
  keep: boolean
  /** Undefined when it was not said: Raiden where it can be had. */
  payments: Payments | undefined
  seed: number
  termsFile: string | undefined
  replay: Replay | undefined
}

const HANDOVERS_MAX = 2
const SEED_MAX = 2 ** 31 - 1

/** Parses the command line. Throws Refusal `demo.option` or `demo.file` with what to change. */
export function parseOptions(args: string[], workingDir: string): DemoOptions {
  const values = parseFlags(args)
  const seed = Number(values.seed ?? 1)
  if (!/^\d+$/.test(values.seed ?? '1') || seed > SEED_MAX) {
    throw new Refusal('demo.option', `--seed ${values.seed} is not a whole number from 0 to ${SEED_MAX}.`)
  }
  const { payments } = values
  if (payments !== undefined && payments !== 'raiden' && payments !== 'onchain')
    throw new Refusal('demo.option', `--payments ${payments} is neither raiden nor onchain.`)
  const fileAt = (name: string, path: string | undefined): string | undefined => {
    if (path === undefined) return undefined
    const file = resolve(workingDir, path)
    if (!existsSync(file)) throw new Refusal('demo.file', `--${name} ${path}: there is no such file.`)
    if (!statSync(file).isFile()) throw new Refusal('demo.file', `--${name} ${path} is no file; name one.`)
    return file
  }
  return {
    json: values.json ?? false,
    help: values.help ?? false,
    contest: values.contest ?? false,
    keep: values.keep ?? false,
    payments,
    seed,
    termsFile: fileAt('terms', values.terms),
    replay: replayOf(fileAt('replay', values.replay), values.device, values.handover ?? []),
  }
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        payments: { type: 'string' },
        contest: { type: 'boolean' },
        keep: { type: 'boolean' },
        seed: { type: 'string' },
        terms: { type: 'string' },
        replay: { type: 'string' },
        device: { type: 'string' },
        handover: { type: 'string', multiple: true },
      },
    }).values
  } catch (cause) {
    throw new Refusal('demo.option', `${(cause as Error).message.split('. ')[0]}; see --help.`, { cause })
  }
}

function replayOf(
  file: string | undefined,
  device: string | undefined,
  handovers: string[],
): Replay | undefined {
  if (file === undefined) {
    if (device !== undefined || handovers.length > 0) {
      throw new Refusal('demo.option', '--device and --handover belong to --replay FILE; name the file too.')
    }
    return undefined
  }
  if (device === undefined)
    throw new Refusal('demo.option', '--replay needs --device ID: which device of the file to replay.')
  if (handovers.length > HANDOVERS_MAX) {
    throw new Refusal(
      'demo.option',
      `--handover may be given at most ${HANDOVERS_MAX} times, for shipper-x and shipper-y.`,
    )
  }
  return { file, device, handovers }
}
