import { setTimeout as sleep } from 'node:timers/promises'
import { type Envelope, parseEnvelope } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import { type ConsignEvent, type EventData, parseEvent } from '@consign/events'
import type { Hex } from 'viem'

const POLL_MS = 200

/** `caughtUp` comes whenever everything stored so far has been shown. */
export type Observation =
  | { kind: 'caughtUp' }
  | { kind: 'envelope'; agreement: Hex; envelope: Envelope }
  | { kind: 'event'; event: ConsignEvent }

/** Reads the LOG as it grows, decoded. Survives an event log that is away for a moment. */
export async function* observe(log: EventLog, signal: AbortSignal): AsyncGenerator<Observation> {
  let from = 1
  while (!signal.aborted) {
    try {
      for await (const message of log.read(['>'], { from })) {
        from = message.seq + 1
        const observation = decode(message)
        if (observation !== undefined) yield observation
      }
      yield { kind: 'caughtUp' }
    } catch (error) {
      if ((error as { retry?: boolean }).retry !== true) throw error
    }
    await sleep(POLL_MS)
  }
}

function decode({ subject, data }: Recorded): Observation | undefined {
  const [family, id] = subject.split('.')
  if (family === 'envelope') return { kind: 'envelope', agreement: id as Hex, envelope: parseEnvelope(data) }
  if (family === 'device') return undefined
  return { kind: 'event', event: parseEvent(data) }
}

/** Knows when nothing more is to be expected of a shipment: paid, proven, recorded and anchored, all of it final. */
export class Completion {
  private readonly agreement: Hex
  private readonly expected = new Set<string>()
  private readonly final = new Set<string>()
  private readonly anchorSizes = new Map<string, number>()
  private readonly leaves = new Set<string>()
  private leavesUpToLast = 0
  private anchored = 0
  private settled = false

  constructor(agreement: Hex) {
    this.agreement = agreement.toLowerCase() as Hex
    for (const key of ['agreement', 'start']) this.expected.add(`${key}:${this.agreement}`)
    this.expected.add('settlement on chain')
  }

  take(observation: Observation): void {
    if (observation.kind === 'envelope') {
      this.leaves.add(observation.envelope.digest.toHex())
      if (observation.agreement === this.agreement) this.leavesUpToLast = this.leaves.size
    }
    if (observation.kind === 'event') this.takeEvent(observation.event)
  }

  get isComplete(): boolean {
    return this.missing().length === 0
  }

  /** What is still to come, for people. */
  missing(): string[] {
    const keys = [...this.expected].filter((key) => !this.final.has(key))
    return [
      ...(this.settled ? [] : ['settlement']),
      ...(this.anchored >= this.leavesUpToLast
        ? []
        : [`anchor of ${this.leavesUpToLast} envelopes (${this.anchored} so far)`]),
      ...keys,
    ]
  }

  private takeEvent(event: ConsignEvent): void {
    if ('agreement' in event.data && event.data.agreement === this.agreement) {
      if (event.type === 'custody.transferred.v1' || event.type === 'custody.transferred.manually.v1')
        this.expected.add(`cut:${this.agreement}:${event.data.leg}`)
      if (event.type === 'penalty.leg.assessed.v1') this.expected.add(`rating:${event.data.leg}`)
      if (event.type === 'penalty.rating.changed.v1') this.final.add(`rating:${event.data.leg}`)
      if (event.type === 'penalty.violation.charged.v1') this.expected.add(`violation:${event.data.caseId}`)
      if (event.type === 'settlement.settled.v1') this.settled = true
      // By then every guarantee is paid out or back, too.
      if (event.type === 'settlement.concluded.v1') this.final.add('settlement on chain')
    }
    if (event.type === 'chain.intended.v1' && event.data.key.startsWith('answer:'))
      this.expected.add(event.data.key)
    if (event.type === 'chain.mined.v1') this.takeMined(event.data)
    if (event.type === 'chain.finalized.v1' || event.type === 'chain.refused.v1')
      this.takeFinal(event.data.key)
  }

  private takeMined({ key, result }: EventData<'chain.mined.v1'>): void {
    if (key.startsWith('anchor:') && result !== undefined) this.anchorSizes.set(key, Number(result.size))
  }

  private takeFinal(key: string): void {
    this.final.add(key)
    this.anchored = Math.max(this.anchored, this.anchorSizes.get(key) ?? 0)
  }
}
