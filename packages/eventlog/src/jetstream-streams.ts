import { Refusal } from '@consign/envelope'
import { STREAMS, type StreamDefinition } from '@consign/events'
import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'

// Resetting a consumer to its acknowledged position (ADR-60), which keeps the order after a crash, came with 2.14; 2.14.0 has known CVEs.
const SERVER_VERSION_LEAST = [2, 14, 1] as const

/** Throws Refusal `log.server` when the server is older than what the guarantees rest on, or has no JetStream. */
export function checkServer(info: { version: string; jetstream?: boolean } | undefined): void {
  const version = (info?.version ?? '0.0.0').split(/[.-]/, 3).map(Number)
  const wanted = SERVER_VERSION_LEAST.join('.')
  if (compare(version, SERVER_VERSION_LEAST) < 0)
    throw new Refusal('log.server', `nats-server ${info?.version} is too old: run ${wanted} or later`)
  if (!info?.jetstream)
    throw new Refusal('log.server', 'nats-server runs without JetStream: add a jetstream block to its config')
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * Makes the streams that are absent, with file storage. Those that exist stay as they are (an operator may have scaled them), but must
 * be able to do what the log needs: else Refusal `log.stream`.
 */
export async function ensureStreams(jsm: JetStreamManager, replicas: number): Promise<void> {
  for (const definition of Object.values(STREAMS)) await ensureStream(jsm, definition, replicas)
}

async function ensureStream(jsm: JetStreamManager, definition: StreamDefinition, replicas: number) {
  const config = streamConfig(definition, replicas)
  try {
    await jsm.streams.add(config)
  } catch (error) {
    const existing = await jsm.streams.info(definition.name).catch(() => {
      throw error
    })
    checkStream(definition, existing.config)
  }
}

function streamConfig(definition: StreamDefinition, replicas: number) {
  return {
    name: definition.name,
    description: definition.description,
    subjects: [...definition.subjects],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    duplicate_window: nanos(definition.duplicateWindowMs),
    allow_direct: true,
    allow_atomic: true,
    deny_delete: false,
    deny_purge: definition.denyPurge,
    ...(definition.republish ? { republish: definition.republish } : {}),
  }
}

function checkStream(definition: StreamDefinition, config: StreamConfig): void {
  const missing = [
    ...definition.subjects.filter((subject) => !config.subjects.includes(subject)),
    ...(['allow_direct', 'allow_atomic'] as const).filter((option) => config[option] !== true),
  ]
  if (missing.length > 0)
    throw new Refusal(
      'log.stream',
      `stream ${definition.name} exists but lacks ${missing.join(', ')}: update it with the nats command line`,
    )
}
