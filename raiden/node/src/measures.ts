import type { Metrics } from '@consign/runtime'
import type { Journal, Payment } from './payments/journal.ts'
import { channelsOf } from './sdk/channels.ts'
import type { RaidenNode } from './sdk/node.ts'

/** The node in numbers. Partners are labels: a node has few channels. Returns what counts a concluded payment. */
export function measureNode(
  metrics: Metrics,
  node: RaidenNode,
  journal: Journal,
): (payment: Payment) => void {
  metrics.gauge({
    name: 'consign_raiden_ready',
    help: '1 when the SDK runs and all it depends on answers',
    collect: (gauge) => gauge.set(node.status.status === 'ready' ? 1 : 0),
  })
  metrics.gauge<'state'>({
    name: 'consign_raiden_channels',
    help: 'Channels that are not settled',
    labels: ['state'],
    collect(gauge) {
      gauge.reset()
      for (const { state } of node.raiden ? channelsOf(node.raiden) : []) gauge.inc({ state })
    },
  })
  metrics.gauge<'token' | 'partner' | 'side'>({
    name: 'consign_raiden_channel_balance_tokens',
    help: 'What each side of an open channel can pay the other, in the smallest unit of the token',
    labels: ['token', 'partner', 'side'],
    collect(gauge) {
      gauge.reset()
      for (const { token, partner, state, capacity, partnerCapacity } of node.raiden
        ? channelsOf(node.raiden)
        : []) {
        if (state !== 'open') continue
        gauge.set({ token, partner, side: 'own' }, Number(capacity.toString()))
        gauge.set({ token, partner, side: 'partner' }, Number(partnerCapacity.toString()))
      }
    },
  })
  metrics.gauge({
    name: 'consign_raiden_payments_pending',
    help: 'Payments of this node that are under way',
    collect: (gauge) => gauge.set(journal.pending().length),
  })
  const concluded = metrics.counter<'direction' | 'outcome' | 'reason'>({
    name: 'consign_raiden_payments_total',
    help: 'Payments that have ended; reason is the code of a failure',
    labels: ['direction', 'outcome', 'reason'],
  })
  return ({ direction, state, code = '' }) => concluded.inc({ direction, outcome: state, reason: code })
}
