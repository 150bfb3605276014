import { readFileSync, statSync } from 'node:fs'
import {
  deviceId,
  fromHex,
  type Hex,
  importKeySet,
  type KeySet,
  ML_DSA_KEY_BYTES,
  READINGS_PER_ENVELOPE_MAX,
  Refusal,
  SESSION_PUBLIC_KEY_BYTES,
} from '@consign/envelope'
import { portVariable } from '@consign/runtime'
import { device, general, parseTerms, type Terms, windows } from '@consign/terms'
import { z } from 'zod'
import { SILENCE_MS_MIN } from './record/beats.ts'
import type { UplinkTls } from './uplink/connection.ts'

const whole = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z.coerce.number(error).int(error).min(min, error).max(max, error)
}

const file = z.string()
const DAY_MS = 86_400_000

/** Environment variables of the program; help.ts says what each is for. */
export const configSchema = z.object({
  DEVICE_DIR: z.string(),
  MQTT_URL: z.string().regex(/^mqtts:\/\/[^/]+$/, 'must be mqtts://host:port'),
  TLS_CA_FILE: file,
  TLS_CERT_FILE: file,
  TLS_KEY_FILE: file,
  IDENTITY_KEY_FILE: file,
  INGEST_SESSION_KEY_FILE: file,
  INGEST_RECEIPT_KEY_FILE: file,
  TERMS_FILE: file,
  AGREEMENT: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address, 0x and 40 hex digits')
    .transform((address) => address.toLowerCase() as Hex),
  CHAIN_ID: whole(1, Number.MAX_SAFE_INTEGER),
  REPLACES_LEG: whole(0, 0xffff_fffe).optional(),
  SOURCE: z.enum(['simulation', 'replay'], 'must be simulation or replay').default('simulation'),
  SEED: whole(0, 2 ** 31 - 1).default(1),
  PACE_MS: whole(0, DAY_MS).default(0),
  READINGS_PER_LEG: whole(1, 1_000_000).default(96),
  REPLAY_FILE: file.optional(),
  REPLAY_DEVICE: z.string().optional(),
  REPLAY_INTERVAL_MS: whole(1, 31 * DAY_MS).optional(),
  HANDOVERS: z
    .string()
    .default('')
    .transform((list) => list.split(',').flatMap((time) => time.trim() || [])),
  NOW_MS: whole(0, Number.MAX_SAFE_INTEGER).optional(),
  READINGS_PER_ENVELOPE: whole(1, READINGS_PER_ENVELOPE_MAX).default(32),
  ENVELOPE_MS_MAX: whole(1, DAY_MS).default(60_000),
  METRICS_PORT: portVariable.default(0),
  METRICS_HOST: z.string().default('127.0.0.1'),
})

export type Config = z.output<typeof configSchema>

/** What the files that the configuration names hold, checked against each other. */
export type Provisioning = {
  identity: KeySet
  /** 64 hex digits. */
  deviceId: string
  sessionKey: Uint8Array
  receiptKey: Uint8Array
  terms: Terms
  tls: UplinkTls
}

/**
 * Reads keys, certificates and terms. Throws Refusal 'config.file' (unreadable), 'config.mode' (a secret that others may read), 'config.key'
 * (malformed), 'config.terms' (no JSON), 'config.device' (the terms name another device), 'config.chain', 'config.silence' (shorter than the
 * device can keep), and those of parseTerms.
 */
export function readProvisioning(config: Config): Provisioning {
  const identity = key(readSecret('IDENTITY_KEY_FILE', config), 'IDENTITY_KEY_FILE', (text) =>
    importKeySet(fromHex(text)),
  )
  const publicKey = (
    name: 'INGEST_SESSION_KEY_FILE' | 'INGEST_RECEIPT_KEY_FILE',
    length: number,
  ): Uint8Array => key(read(name, config), name, (text) => fromHex(text, length))
  const terms = readTerms(config)
  const own = deviceId(identity.public)
  if (config.REPLACES_LEG === undefined && device(terms).deviceId !== `0x${own}`)
    throw new Refusal(
      'config.device',
      `the terms are for device ${device(terms).deviceId}, this one is 0x${own}: give the terms made for it, or REPLACES_LEG`,
    )
  if (general(terms).chainId !== config.CHAIN_ID)
    throw new Refusal(
      'config.chain',
      `the terms are for chain ${general(terms).chainId}, CHAIN_ID is ${config.CHAIN_ID}: set the one or give other terms`,
    )
  const { silenceMsMax } = windows(terms)
  if (silenceMsMax < SILENCE_MS_MIN)
    throw new Refusal(
      'config.silence',
      `the terms ask for an envelope every ${silenceMsMax} ms, and this device keeps ${SILENCE_MS_MIN} ms at best: give terms with a longer silenceMsMax`,
    )
  return {
    identity,
    deviceId: own,
    sessionKey: publicKey('INGEST_SESSION_KEY_FILE', SESSION_PUBLIC_KEY_BYTES),
    receiptKey: publicKey('INGEST_RECEIPT_KEY_FILE', ML_DSA_KEY_BYTES),
    terms,
    tls: {
      ca: read('TLS_CA_FILE', config),
      cert: read('TLS_CERT_FILE', config),
      key: readSecret('TLS_KEY_FILE', config),
    },
  }
}

function readTerms(config: Config): Terms {
  const text = read('TERMS_FILE', config).toString('utf8')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new Refusal('config.terms', `TERMS_FILE: ${config.TERMS_FILE} is no JSON document`, { cause })
  }
  return parseTerms(json)
}

type FileVariable = Extract<keyof Config, `${string}_FILE`>

function read(variable: FileVariable, config: Config): Buffer {
  const path = config[variable]!
  try {
    return readFileSync(path)
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unreadable'
    throw new Refusal('config.file', `${variable}: ${path} cannot be read (${why})`, { cause })
  }
}

function readSecret(variable: FileVariable, config: Config): Buffer {
  const secret = read(variable, config)
  if ((statSync(config[variable]!).mode & 0o077) !== 0)
    throw new Refusal('config.mode', `${variable}: others may read ${config[variable]}; run chmod 600 on it`)
  return secret
}

/** Never repeats what the file holds. */
function key<T>(file: Buffer, variable: FileVariable, parse: (text: string) => T): T {
  try {
    return parse(file.toString('utf8').trim())
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new Refusal('config.key', `${variable}: ${cause.message}`, { cause })
  }
}
