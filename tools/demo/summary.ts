import { styleText } from 'node:util'
import type { ConsignEvent } from '@consign/events'
import Table from 'cli-table3'
import type { ShipmentDocument } from './document.ts'

/** Collects what the document does not hold: gas by kind of transaction and ratings. */
export class Tally {
  readonly gasByWhat = new Map<string, number>()
  readonly ratings = new Map<string, { beforePermille: number; afterPermille: number }>()

  take(event: ConsignEvent): void {
    if (event.type === 'chain.mined.v1') {
      const kind = event.data.key.split(':')[0] ?? event.data.key
      this.gasByWhat.set(kind, (this.gasByWhat.get(kind) ?? 0) + event.data.gasUsed)
    }
    if (event.type === 'penalty.rating.changed.v1') {
      const { party, permilleBefore, permille } = event.data
      const before = this.ratings.get(party)?.beforePermille ?? permilleBefore
      this.ratings.set(party, { beforePermille: before, afterPermille: permille })
    }
  }
}

export type Summary = { document: ShipmentDocument; tally: Tally; bytesUp: number }

/** The result for people: who gets what, what it cost, whether it all holds, and where to look. */
export function renderSummary({ document, tally, bytesUp }: Summary, out: NodeJS.WriteStream): string {
  const paint = (colour: Parameters<typeof styleText>[0], text: string) =>
    styleText(colour, text, { stream: out })
  const style = { head: [], border: [] }
  const payouts = new Table({
    head: ['party', 'agreed', 'penalty', 'paid', 'via', 'rating before', 'after'],
    style,
  })
  for (const { party, agreedTokens, penaltyTokens, paidTokens, via } of document.payouts) {
    const address = document.legs.find(({ custodian }) => custodian === party)?.address
    const rating = address === undefined ? undefined : tally.ratings.get(address)
    const percent = (permille: number | undefined) => (permille === undefined ? '–' : `${permille / 10} %`)
    payouts.push([
      party,
      agreedTokens,
      penaltyTokens,
      paidTokens,
      via,
      percent(rating?.beforePermille),
      percent(rating?.afterPermille),
    ])
  }
  const channels = new Table({ head: ['channel', 'between', 'before', 'after'], style })
  for (const { name, from, to, before, after } of document.channels)
    channels.push([
      name,
      `${from} ⇄ ${to}`,
      `${before.fromTokens} ⇄ ${before.toTokens}`,
      `${after.fromTokens} ⇄ ${after.toTokens}`,
    ])
  const violations = new Table({
    head: ['leg', 'custodian', 'what', 'from', 'to', 'worst', 'tokens', 'proven on chain'],
    style,
  })
  for (const row of document.violations) {
    violations.push([
      row.leg,
      row.custodian,
      row.metric ?? row.kind,
      row.from,
      row.to,
      row.worst ?? '',
      row.penaltyTokens,
      row.txHash?.slice(0, 12) ?? 'no',
    ])
  }
  const readings = document.legs.reduce((sum, leg) => sum + leg.readings, 0)
  const envelopes = document.legs.reduce((sum, leg) => sum + leg.envelopes, 0)
  const gas = [...tally.gasByWhat].map(([kind, used]) => `${kind} ${used.toLocaleString('en')}`).join(', ')
  const perReading = readings === 0 ? '' : `, ${Math.round(bytesUp / readings)} a reading`
  const checks = Object.entries(document.checks).map(([name, holds]) =>
    holds ? paint('green', `✔ ${name}`) : paint('red', `✘ ${name}`),
  )
  return [
    '',
    `Shipment ${document.shipment}, agreement ${document.agreement}`,
    payouts.toString(),
    `Refund to the payer: ${document.refundTokens} tokens`,
    ...(document.uncollectedTokens === '0'
      ? []
      : [
          `Penalties beyond caps and what is not guaranteed, which nobody pays: ${document.uncollectedTokens} tokens`,
        ]),
    ...(document.channels.length === 0
      ? []
      : ['', 'Payment channels (Raiden), tokens at either end:', channels.toString()]),
    '',
    document.violations.length === 0 ? 'No violations.' : violations.toString(),
    '',
    `${readings} readings in ${envelopes} envelopes, ${bytesUp.toLocaleString('en')} bytes sent${perReading}; ${document.anchors.length} anchors`,
    `Gas: ${gas}`,
    `Checks, recomputed from the log, the chain and the device: ${checks.join('  ')}`,
    '',
    'Where to look: npm run demo -- --keep leaves everything running and prints the endpoints.',
    '',
  ].join('\n')
}
