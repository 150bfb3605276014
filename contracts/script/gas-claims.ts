// Gas of proving every kind of breach.
import {
  claimSilenceArguments,
  isProvable,
  lateArguments,
  refuteSilenceArguments,
  silenceArguments,
  violationCalls,
} from '@consign/chain'
import type { MetricName } from '@consign/envelope'
import { caseId, deadline, limits, silence } from '@consign/terms'
import type { GasCase, Meter } from './gas-meter.ts'
import { type Journey, READINGS, rows, toAgreement } from './gas-shipment.ts'
import { addEnvelope } from './shipment.ts'

const DAY_S = 86_400
const DAY_MS = DAY_S * 1000
const LONG_READINGS = 512
const LONG_ENVELOPES = 26

/** Cases of the leg that a contest can be about. `seq`: the envelope with the first reading outside. */
export type ProvenCase = { id: `0x${string}`; seq: number }

type Place = { seq: number; index: number }

/** Proves everything that can be wrong with a leg. Returns the cases of the instantaneous and the single limit, in the order proven. */
export async function measureClaims(meter: Meter, journey: Journey): Promise<ProvenCase[]> {
  const { leg } = journey
  const last = READINGS - 1
  await addEnvelope(
    leg,
    rows((index) => ({ temperature: index === last ? 41_000 : 30_000 })),
  )
  await addEnvelope(
    leg,
    rows(() => ({ temperature: 30_000 })),
  )
  await addEnvelope(
    leg,
    rows(() => ({ temperature: undefined })),
  )
  await addEnvelope(
    leg,
    rows((index) => ({ temperature: index === last ? 41_000 : undefined })),
  )
  await addEnvelope(
    leg,
    rows((index) => ({ humidity: index < 10 ? 50_000 : 90_000 })),
  )
  await addEnvelope(
    leg,
    rows((index) => ({ light: index < 2 ? 50_000 : 200_000 })),
  )
  const one = `one envelope of ${READINGS} readings, 5 metrics`
  const prove = (what: GasCase, metric: MetricName, run: [number, number], start?: Place) =>
    measureViolation(meter, journey, { what, metric, run, start })
  const instantaneous = {
    call: 'Agreement.proveViolation',
    what: `instantaneous; ${one}`,
    target: 180_000n,
    missed: 'a case that can be contested, answered, capped and shown again fills six slots, 22,100 each',
  }
  const missing = {
    call: 'Agreement.proveViolation',
    what: `instantaneous; three envelopes, ${2 * READINGS - 1} missing values between`,
  }
  const proven = [
    await prove(instantaneous, 'temperature', [0, 0], { seq: 0, index: last }),
    await prove(missing, 'temperature', [1, 3], { seq: 3, index: last }),
    await prove({ call: 'Agreement.proveViolation', what: `single, linear; ${one}` }, 'humidity', [4, 4], {
      seq: 4,
      index: 10,
    }),
  ]
  await prove({ call: 'Agreement.proveViolation', what: `cumulative; ${one}` }, 'light', [5, 5])
  await measureSilence(meter, journey)
  await measureScan(meter, journey)
  await measureLateness(meter, journey)
  return proven
}

async function measureViolation(
  { measure }: Meter,
  { shipment, leg }: Journey,
  proof: { what: GasCase; metric: MetricName; run: [number, number]; start: Place | undefined },
): Promise<ProvenCase> {
  const limit = limitOn(shipment.terms, proof.metric)
  const run = leg.wires.slice(proof.run[0], proof.run[1] + 1)
  const { terms, agreement } = shipment
  const [call] = violationCalls({ terms, limit, keys: leg.signedKeys, run, start: proof.start })
  if (!call) throw new Error('there is nothing to prove')
  await measure(proof.what, toAgreement(shipment, call))
  const { seq, index } = proof.start ?? { seq: 0xffffffff, index: 0xffff }
  const id = caseId({ agreement, leg: leg.ref.leg, limitId: limit.limitId, startSeq: seq, startIndex: index })
  return { id, seq }
}

async function measureSilence({ measure, travel }: Meter, { shipment, leg }: Journey): Promise<void> {
  const { terms, agreement } = shipment
  await addEnvelope(leg, [], 4 * 3_600_000)
  const [wire, next] = leg.wires.slice(-2) as [Uint8Array, Uint8Array]
  const keys = leg.signedKeys
  await measure(
    { call: 'Agreement.proveSilence', what: 'a gap between two envelopes' },
    toAgreement(shipment, {
      functionName: 'proveSilence',
      args: silenceArguments({ terms, keys, wire, next }),
    }),
  )
  // The chain must be past what the device wrote for long enough.
  await travel(2 * DAY_S)
  const { args, valueWei } = claimSilenceArguments({ terms, keys, last: next })
  await measure(
    { call: 'Agreement.claimSilence', what: 'nothing after an envelope; with a bond' },
    { ...toAgreement(shipment, { functionName: 'claimSilence', args }), value: valueWei },
  )
  await addEnvelope(leg, [])
  const claimed = {
    agreement,
    leg: leg.ref.leg,
    limitId: silence(terms)?.limitId ?? 0,
    startSeq: leg.wires.length - 2,
    startIndex: 0xffff,
  }
  const refuted = refuteSilenceArguments({
    caseId: caseId(claimed),
    keys,
    next: leg.wires.at(-1) as Uint8Array,
  })
  await measure(
    { call: 'Agreement.refuteSilence', what: 'by the next envelope' },
    toAgreement(shipment, { functionName: 'refuteSilence', args: refuted }),
  )
}

// More than a transaction takes: the first of its scans is as large as one can be.
async function measureScan({ measure, send }: Meter, { shipment, leg }: Journey): Promise<void> {
  const { terms } = shipment
  const from = leg.wires.length
  for (let count = 0; count < LONG_ENVELOPES; count++)
    await addEnvelope(
      leg,
      rows(() => ({ light: 200_000 }), LONG_READINGS),
    )
  const limit = limitOn(terms, 'light')
  const run = leg.wires.slice(from)
  const calls = violationCalls({ terms, limit, keys: leg.signedKeys, run, start: undefined })
  const [first, ...others] = calls
  if (first?.functionName !== 'advanceScan') throw new Error('it fits in one transaction')
  const what = `cumulative; ${first.args[3].length} envelopes of ${LONG_READINGS} readings`
  await measure({ call: 'Agreement.advanceScan', what }, toAgreement(shipment, first))
  for (const call of others) {
    if (call.functionName !== 'dropScan') await send(toAgreement(shipment, call))
    else await measure({ call: 'Agreement.dropScan', what: '' }, toAgreement(shipment, call))
  }
}

async function measureLateness({ measure }: Meter, { shipment, before, leg }: Journey): Promise<void> {
  const { terms } = shipment
  await addEnvelope(leg, [], 30 * DAY_MS)
  const args = lateArguments({
    terms,
    clause: deadline(terms),
    keys: leg.signedKeys,
    late: leg.wires.at(-1) as Uint8Array,
    before: { keys: before.signedKeys, wire: before.wires.at(-1) as Uint8Array },
  })
  await measure(
    { call: 'Agreement.proveLate', what: 'deadline; last envelope of the leg before' },
    toAgreement(shipment, { functionName: 'proveLate', args }),
  )
}

function limitOn(terms: Journey['shipment']['terms'], metric: MetricName) {
  const limit = limits(terms).find((each) => each.metric === metric)
  if (!limit || !isProvable(limit)) throw new Error(`the terms have no provable limit on ${metric}`)
  return limit
}
