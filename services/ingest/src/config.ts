import { readFileSync } from 'node:fs'
import { fromHex, importKeySet, type KeySet, Refusal, SESSION_PRIVATE_KEY_BYTES } from '@consign/envelope'
import { portVariable } from '@consign/runtime'
import { z } from 'zod'
import { CONNECTIONS_MAX } from './limits.ts'

/** The bytes of a file that must be there. */
const fileVariable = z.string().transform((path, context): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    context.addIssue({ code: 'custom', message: `the file ${path} cannot be read (${reason})` })
    return z.NEVER
  }
})

/** Bytes as they are, or as hex with or without 0x. */
function bytesIn(file: Buffer): Uint8Array {
  const text = file.toString('latin1').trim()
  return /^(0x)?([0-9a-f]{2})+$/i.test(text) ? fromHex(text) : new Uint8Array(file)
}

const sessionKeyVariable = fileVariable.transform((file, context): Uint8Array => {
  const key = file.length === SESSION_PRIVATE_KEY_BYTES ? new Uint8Array(file) : bytesIn(file)
  if (key.length === SESSION_PRIVATE_KEY_BYTES) return key
  const message = `must hold an X-Wing private key of ${SESSION_PRIVATE_KEY_BYTES} bytes, raw or hex`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const keySetVariable = fileVariable.transform((file, context): KeySet => {
  try {
    return importKeySet(bytesIn(file))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    context.addIssue({ code: 'custom', message: error.message })
    return z.NEVER
  }
})

const text = fileVariable.transform((file) => file.toString('utf8'))

/** Environment of ingest. Secrets come as files only. */
export const configSchema = z.object({
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  METRICS_PORT: portVariable.default(0),
  MQTT_HOST: z.string().default('127.0.0.1'),
  MQTT_PORT: portVariable.default(8883),
  TLS_CERT_FILE: text,
  TLS_KEY_FILE: text,
  /** Who issues the certificates of devices. */
  TLS_CA_FILE: text,
  SESSION_KEY_FILE: sessionKeyVariable,
  /** exportKeySet in hex; its ML-DSA key signs receipts. */
  RECEIPT_KEY_FILE: keySetVariable,
  CONNECTIONS_MAX: z.coerce.number('must be a number from 1').int().min(1).default(CONNECTIONS_MAX),
})

export type IngestConfig = z.output<typeof configSchema>
