import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import type { EdgeEvent } from './device.ts'
import type { ShipmentDocument } from './document.ts'
import type { Observation } from './observer.ts'
import { runShipment, type ShipmentRun, shortenWindows } from './run.ts'
import { DEFAULT_TERMS, readDraft, type ShipmentOptions } from './shipment.ts'
import { type Stack, type StackOptions, startStack } from './stack.ts'

export type Rehearsal = {
  stack: Stack
  log: EventLog
  ship(
    options: Partial<ShipmentOptions> & { name: string; serial: number; termsFile?: string },
  ): Promise<ShipmentRun>
  /** What happened so far, for a test that failed. */
  observations: Observation[]
  edgeEvents: EdgeEvent[]
  end(): Promise<void>
}

/** A stack for tests: quick shipments, and nothing left behind. */
export async function rehearse(options: Partial<StackOptions> = {}): Promise<Rehearsal> {
  const dir = mkdtempSync(join(tmpdir(), 'consign-test-'))
  const stack = await startStack({ dir, seed: 7, payments: 'onchain', say: () => {}, ...options })
  const nats = await connectNats({ url: stack.natsUrl, name: 'test' })
  const log = await connectEventLog({ nats })
  const observations: Observation[] = []
  const edgeEvents: EdgeEvent[] = []
  return {
    stack,
    log,
    observations,
    edgeEvents,
    ship: ({ termsFile, ...shipment }) =>
      runShipment(
        stack,
        log,
        {
          draft: shortenWindows(readDraft(termsFile ?? DEFAULT_TERMS)),
          paceMs: 4,
          readingsPerLeg: 96,
          onEdge: (event) => edgeEvents.push(event),
          ...shipment,
        },
        (observation) => observations.push(observation),
        new AbortController().signal,
      ),
    async end() {
      await nats.close()
      await stack.stop()
      if (process.env.CONSIGN_KEEP_FILES === undefined) rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** What must be the same however often anything was killed: no times, hashes or envelope boundaries. */
export function essence({ legs, violations, payouts, refundTokens, checks }: ShipmentDocument) {
  return {
    legs: legs.map(({ leg, custodian, readings, gaps }) => ({ leg, custodian, readings, gaps })),
    violations: violations.map(({ leg, custodian, metric, worst, penaltyTokens, provenOnChain }) => ({
      leg,
      custodian,
      metric,
      worst,
      penaltyTokens,
      provenOnChain,
    })),
    payouts,
    refundTokens,
    checks,
  }
}
