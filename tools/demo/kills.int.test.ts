import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicClient } from '@consign/chain'
import { STEPS as CHAIN_WRITER } from '@consign/chain-writer/steps'
import { STEPS as CUSTODY } from '@consign/custody/steps'
import { STEPS as EDGE } from '@consign/edge/steps'
import { STEPS as INGEST } from '@consign/ingest/steps'
import { STEPS as PENALTY } from '@consign/penalty/steps'
import { STEPS as SETTLEMENT } from '@consign/settlement/steps'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import type { ShipmentDocument } from './document.ts'
import { essence, rehearse } from './rehearsal.ts'
import { SERVICES, type ServiceName, type Stack } from './stack.ts'

const BEFORE_TERMS = new Set<string>(['ingest.quarantined', 'ingest.parked', 'ingest.unparked'])
const STEPS: Record<ServiceName | 'edge', readonly string[]> = {
  // In the order in which a shipment meets them: what comes before its terms is quarantined or parked.
  ingest: INGEST.toSorted((a, b) => Number(BEFORE_TERMS.has(b)) - Number(BEFORE_TERMS.has(a))),
  custody: CUSTODY,
  penalty: PENALTY,
  'chain-writer': CHAIN_WRITER,
  settlement: SETTLEMENT,
  edge: EDGE,
}
/** Where each process kills itself, once per run of it. */
type KillPlan = Partial<Record<ServiceName | 'edge', readonly string[]>>

/** Every step of every process in five shipments: in round i each process dies at its i-th step, then at its (i + 5)-th, and so on. */
const ROUNDS_TOGETHER = 5
const together: KillPlan[] = Array.from({ length: ROUNDS_TOGETHER }, (_, round) =>
  Object.fromEntries(
    Object.entries(STEPS).flatMap(([name, steps]) => {
      const ofRound = steps.filter((_, i) => i % ROUNDS_TOGETHER === round)
      return ofRound.length === 0 ? [] : [[name, ofRound]]
    }),
  ),
)
/** With CONSIGN_DEEP each step is a round of its own as well. */
const alone: KillPlan[] = Object.entries(STEPS).flatMap(([name, steps]) =>
  steps.map((step) => ({ [name]: [step] })),
)
const ROUNDS = process.env.CONSIGN_DEEP === undefined ? together : [...alone, ...together]

async function shipWith(kills: KillPlan) {
  const { edge, ...services } = kills
  const rehearsal = await rehearse({ killAt: services })
  try {
    await sendGarbage(rehearsal.stack)
    // The terms come late, so that the first envelopes have to be parked.
    const { document, shipment } = await rehearsal.ship({
      name: 'killed',
      serial: 1,
      killAt: edge,
      signLate: true,
    })
    const deaths = { ...rehearsal.stack.restarts, edge: shipment.device.restarts() }
    return {
      document,
      deaths,
      transactions: await countTransactions(rehearsal.stack, rehearsal.observations),
    }
  } finally {
    await rehearsal.end()
  }
}

/** A device that is in no terms and sends what cannot be opened: it must end in quarantine and harm nobody. */
async function sendGarbage(stack: Stack): Promise<void> {
  const stranger = 'f'.repeat(64)
  const dir = join(stack.dir, 'stranger')
  mkdirSync(dir)
  const { certificateFile, keyFile } = await stack.authority.issueDevice(dir, stranger)
  const client = await connectAsync(`mqtts://127.0.0.1:${stack.mqttPort}`, {
    clientId: stranger,
    ca: readFileSync(stack.authority.caFile),
    cert: readFileSync(certificateFile),
    key: readFileSync(keyFile),
    reconnectPeriod: 200,
  })
  await client.publishAsync(`consign/${stranger}/up`, Buffer.from('no envelope'), { qos: 1 })
  await client.endAsync()
}

/** Transactions that each account sent, beside the keys that its journal knows. */
async function countTransactions(
  stack: Stack,
  observations: Awaited<ReturnType<typeof rehearse>>['observations'],
) {
  const client = publicClient(stack.rpcUrl)
  const [writer, payer] = await Promise.all(
    [stack.writer, stack.payer.wallet.address].map((address) => client.getTransactionCount({ address })),
  )
  const keys = observations.flatMap((each) =>
    each.kind === 'event' && each.event.type === 'chain.signed.v1' ? [each.event.data.key] : [],
  )
  return { sent: (writer ?? 0) + (payer ?? 0) - stack.payerNonce, keys: new Set(keys).size }
}

describe('kill -9', () => {
  let undisturbed: Promise<ShipmentDocument> | undefined
  const reference = () => {
    undisturbed ??= shipWith({}).then(({ document }) => document)
    return undisturbed
  }

  for (const plan of ROUNDS) {
    it(`at ${Object.values(plan).flat().join(', ')} changes nothing, repeats nothing and loses nothing`, {
      timeout: 180_000,
    }, async () => {
      const { document, deaths, transactions } = await shipWith(plan)
      for (const name of [...SERVICES, 'edge'] as const)
        expect([name, deaths[name]]).toEqual([name, plan[name]?.length ?? 0])
      expect(Object.values(document.checks)).toEqual([true, true, true, true])
      expect(essence(document)).toEqual(essence(await reference()))
      expect(transactions.sent).toBe(transactions.keys)
    })
  }
})
