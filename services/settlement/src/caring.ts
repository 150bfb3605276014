/**
 * Does on chain what an agreement needs: funds its guarantee, tells what parties acknowledged, settles it, takes back what nobody can claim. Each step
 * looks first whether the chain has it already, so that it is safe to repeat at any point and whoever else did it.
 */
import { randomUUID } from 'node:crypto'
import type { TxJournal } from '@consign/chain'
import { type EventLog, execute } from '@consign/eventlog'
import { subjects } from '@consign/events'
import { type AgreementChain, carryOut } from './adapters/agreement-chain.ts'
import { type AgreementFile, guaranteeTotal, type Step } from './domain/agreement-file.ts'
import type { GuaranteeCommand } from './domain/guarantee.ts'
import { settlementDecider } from './domain/settlement.ts'

export type CaringOptions = {
  log: EventLog
  journal: TxJournal
  chain: AgreementChain
  /** ms UTC */
  now: () => number
  step: (name: string) => void
  signal: AbortSignal
}

/** One try waits this long for finality; the transaction goes on behind it. */
const STEP_MS_MAX = 60_000

/** Undefined when the step is done and in the log; else why not, in words: try again later. Throws what a node or the log throws. */
export async function takeStep(
  file: AgreementFile,
  step: Step,
  options: CaringOptions,
): Promise<string | undefined> {
  const { chain, journal, signal } = options
  const known = await knownOnChain(file, step, chain)
  if (known !== undefined) return record(known, options)
  if (step.type === 'conclude') {
    const missing = await chain.missingCases(file, step.proofs)
    if (missing.length > 0) return `${missing.length} cases are not proven on chain yet`
  }
  const patience = AbortSignal.any([signal, AbortSignal.timeout(STEP_MS_MAX)])
  const problem = await carryOut(journal, chain.intentsOf(file, step), patience)
  const done = await knownOnChain(file, step, chain)
  if (done !== undefined) return record(done, options)
  return problem ?? 'the chain does not show it yet'
}

// What to record of a step once the chain shows it; undefined while it does not.
async function knownOnChain(
  file: AgreementFile,
  step: Step,
  chain: AgreementChain,
): Promise<GuaranteeCommand | undefined> {
  const of = { agreement: file.agreement, shipment: file.shipment }
  switch (step.type) {
    case 'fund':
      if (!(await chain.isFunded(file))) return undefined
      return { type: 'recordFunded', guarantee: guaranteeTotal(file), ...of }
    case 'conclude': {
      const settledAtMs = await chain.settledAtMs(file)
      return settledAtMs === undefined ? undefined : { type: 'recordConcluded', settledAtMs, ...of }
    }
    case 'tell': {
      const { wallet } = step.acknowledged
      const cumulative = await chain.acknowledgedBy(file, wallet)
      if (cumulative < BigInt(step.acknowledged.cumulative)) return undefined
      return { type: 'recordAcknowledged', wallet, cumulative, ...of }
    }
    case 'release': {
      const { released, held } = await chain.guaranteeOf(file, step.wallet)
      if (held > 0n && released === 0n) return undefined
      return { type: 'recordReleased', wallet: step.wallet, released, ...of }
    }
  }
}

async function record(command: GuaranteeCommand, { log, now, step }: CaringOptions): Promise<undefined> {
  const stamp = () => ({ id: randomUUID(), time: now() })
  const subject = subjects.settlement(command.agreement)
  const events = await execute(log, settlementDecider, subject, command, {
    stamp,
    correlation: command.agreement,
  })
  if (events.length > 0) step(`settlement.${STEP_NAMES[command.type]}`)
}

const STEP_NAMES = {
  recordFunded: 'funded',
  acknowledge: 'acknowledged',
  recordAcknowledged: 'told',
  recordConcluded: 'concluded',
  recordReleased: 'released',
} as const satisfies Record<GuaranteeCommand['type'], string>
