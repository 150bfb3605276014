/**
 * What is known of an agreement's guarantee: funded, what parties acknowledged, concluded on chain, released. A part of `settlement.<agreement>`. Pure: what
 * the chain says and what parties signed arrive in commands, already checked.
 */
import { Refusal } from '@consign/envelope'
import type { EventData, FactOf } from '@consign/events'
import type { Hex } from 'viem'

type Of = { agreement: Hex; shipment: string }

export type GuaranteeCommand =
  | ({ type: 'recordFunded'; guarantee: bigint } & Of)
  | ({ type: 'acknowledge' } & Acknowledged)
  | ({ type: 'recordAcknowledged'; wallet: Hex; cumulative: bigint } & Of)
  | ({ type: 'recordConcluded'; settledAtMs: number } & Of)
  | ({ type: 'recordReleased'; wallet: Hex; released: bigint } & Of)

export type GuaranteeFact = FactOf<
  | 'settlement.guarantee.funded.v1'
  | 'settlement.payment.acknowledged.v1'
  | 'settlement.acknowledgement.recorded.v1'
  | 'settlement.agreement.concluded.v1'
  | 'settlement.guarantee.released.v1'
>

export type Acknowledged = EventData<'settlement.payment.acknowledged.v1'>

/** `acknowledged`: the latest of each wallet; `recorded`: what the chain knows of it; `released`: wallets whose guarantee is settled. */
export type GuaranteeRecord = {
  funded: boolean
  concluded: boolean
  acknowledged: ReadonlyMap<Hex, Acknowledged>
  recorded: ReadonlyMap<Hex, bigint>
  released: ReadonlySet<Hex>
}

export const NO_GUARANTEE_RECORD: GuaranteeRecord = {
  funded: false,
  concluded: false,
  acknowledged: new Map(),
  recorded: new Map(),
  released: new Set(),
}

/** Throws Refusal 'acknowledgement.old' when no more is acknowledged than before. */
export function decideGuarantee(command: GuaranteeCommand, record: GuaranteeRecord): GuaranteeFact[] {
  const { type, ...data } = command
  switch (type) {
    case 'recordFunded':
      return record.funded
        ? []
        : [
            {
              type: 'settlement.guarantee.funded.v1',
              data: { ...of(command), guarantee: String(command.guarantee) },
            },
          ]
    case 'acknowledge':
      return acknowledge(data as Acknowledged, record)
    case 'recordAcknowledged': {
      const { wallet, cumulative } = command
      if ((record.recorded.get(wallet) ?? 0n) >= cumulative) return []
      const recorded = { ...of(command), wallet, cumulative: String(cumulative) }
      return [{ type: 'settlement.acknowledgement.recorded.v1', data: recorded }]
    }
    case 'recordConcluded':
      return record.concluded
        ? []
        : [
            {
              type: 'settlement.agreement.concluded.v1',
              data: { ...of(command), settledAtMs: command.settledAtMs },
            },
          ]
    case 'recordReleased': {
      const { wallet, released } = command
      if (record.released.has(wallet)) return []
      const data = { ...of(command), wallet, released: String(released) }
      return [{ type: 'settlement.guarantee.released.v1', data }]
    }
    default:
      return unreachable(type)
  }
}

export function evolveGuarantee(record: GuaranteeRecord, event: GuaranteeFact): GuaranteeRecord {
  switch (event.type) {
    case 'settlement.guarantee.funded.v1':
      return { ...record, funded: true }
    case 'settlement.payment.acknowledged.v1':
      return {
        ...record,
        acknowledged: new Map(record.acknowledged).set(event.data.wallet, event.data),
      }
    case 'settlement.acknowledgement.recorded.v1': {
      const { wallet, cumulative } = event.data
      return { ...record, recorded: new Map(record.recorded).set(wallet, BigInt(cumulative)) }
    }
    case 'settlement.agreement.concluded.v1':
      return { ...record, concluded: true }
    case 'settlement.guarantee.released.v1':
      return { ...record, released: new Set(record.released).add(event.data.wallet) }
    default:
      return unreachable(event)
  }
}

// The same again changes nothing, so that an answer that was lost can be asked for again.
function acknowledge(acknowledged: Acknowledged, { acknowledged: known }: GuaranteeRecord): GuaranteeFact[] {
  const before = BigInt(known.get(acknowledged.wallet)?.cumulative ?? 0)
  const cumulative = BigInt(acknowledged.cumulative)
  if (cumulative === before) return []
  if (cumulative < before)
    throw new Refusal(
      'acknowledgement.old',
      `${acknowledged.wallet} has acknowledged ${before} in all already`,
    )
  return [{ type: 'settlement.payment.acknowledged.v1', data: acknowledged }]
}

function of({ agreement, shipment }: Of): Of {
  return { agreement, shipment }
}

function unreachable(never: never): never {
  throw new Error(`Unknown guarantee entry: ${JSON.stringify(never)}`)
}
