import { styleText } from 'node:util'
import { isDelegated } from '@consign/chain'
import { type Envelope, type MetricName, MISSING, metricByName } from '@consign/envelope'
import type { ConsignEvent, EventData } from '@consign/events'
import { formatTokens, parties, partyByWallet, type Terms } from '@consign/terms'
import type { Hex } from 'viem'
import type { EdgeEvent } from './device.ts'
import type { Observation } from './observer.ts'

type Colour = Parameters<typeof styleText>[0]

const BARS = '▁▂▃▄▅▆▇█'
const BAR_MILLI_C_MIN = 15_000
const BAR_MILLI_C_MAX = 50_000
/** A replay has hundreds of envelopes: after the first few of a leg one line in so many is enough to see it move. */
const ENVELOPES_SHOWN_FIRST = 12
const ENVELOPES_PER_LINE = 16

/** Tells what happens while it happens, one line an event, in plain words. */
export class Timeline {
  private readonly startedMs = performance.now()
  private readonly out: NodeJS.WriteStream
  private readonly custodians = new Map<string, string>()
  private terms: Terms | undefined

  constructor(out: NodeJS.WriteStream) {
    this.out = out
  }

  say(text: string, colour?: Colour): void {
    const seconds = ((performance.now() - this.startedMs) / 1000).toFixed(1).padStart(6)
    const line = colour === undefined ? text : styleText(colour, text, { stream: this.out })
    this.out.write(`${styleText('dim', `${seconds}s`, { stream: this.out })}  ${line}\n`)
  }

  show(observation: Observation): void {
    if (observation.kind === 'envelope') this.showEnvelope(observation.agreement, observation.envelope)
    if (observation.kind === 'event') this.showEvent(observation.event)
  }

  showEdge(event: EdgeEvent): void {
    if (event.event === 'network') {
      this.say(
        event.up === true
          ? 'mobile network is back'
          : 'mobile network is gone: the device keeps sampling and signing',
        'magenta',
      )
    }
    if (event.event === 'refused')
      this.say(`the device refused an acceptance: ${event.reason} (${event.code})`, 'red')
    if (event.event === 'contested')
      this.say(`${event.party} contests case ${short(String(event.caseId))} on chain, with a bond`, 'yellow')
    if (event.event === 'notAnswered')
      this.say(`${event.party} could not answer ${event.to}: ${event.reason}`, 'red')
  }

  private showEnvelope(agreement: Hex, envelope: Envelope): void {
    const { leg, seq, count } = envelope.header
    if (seq >= ENVELOPES_SHOWN_FIRST && seq % ENVELOPES_PER_LINE !== 0) return
    const who = this.custodians.get(`${agreement}:${leg}`) ?? `leg ${leg}`
    this.say(
      `${who.padEnd(12)} envelope ${String(seq).padStart(4)}  ${String(count).padStart(3)} readings  ${temperatures(envelope)}`,
    )
  }

  private showEvent(event: ConsignEvent): void {
    const told = this.tell(event)
    if (told !== undefined) this.say(...told)
  }

  private tell(event: ConsignEvent): [string, Colour?] | undefined {
    switch (event.type) {
      case 'custody.agreement.signed.v1': {
        this.terms = event.data.terms
        const names = parties(this.terms).map(({ name }) => name)
        return [`agreement ${short(event.data.agreement)} signed; parties: ${names.join(', ')}`, 'cyan']
      }
      case 'custody.packed.v1':
        this.custodians.set(`${event.data.agreement}:0`, this.nameOf(event.data.custodian))
        return [`packed: ${this.nameOf(event.data.custodian)} has the goods`, 'cyan']
      case 'custody.offered.v1':
        return [`scan: the device offers the goods at envelope ${event.data.m}`]
      case 'custody.accepted.v1':
        this.custodians.set(`${event.data.agreement}:${event.data.leg + 1}`, this.nameOf(event.data.party))
        return [
          `${this.nameOf(event.data.party)} accepts${isDelegated(event.data.accept) ? ' by its driver' : ''}`,
        ]
      case 'custody.transferred.v1':
        return [
          `cut after ${event.data.n} envelopes: ${this.nameOf(event.data.from)} → ${this.nameOf(event.data.to)}`,
          'cyan',
        ]
      case 'custody.transferred.onchain.v1':
        return [
          `by the chain, leg ${event.data.leg} has ended: ${this.nameOf(event.data.from)} → ${this.nameOf(event.data.to)}`,
          'cyan',
        ]
      case 'custody.transferred.manually.v1':
        return [
          `cut by hand after ${event.data.n} envelopes: ${this.nameOf(event.data.from)} → ${this.nameOf(event.data.to)}`,
          'cyan',
        ]
      case 'custody.tender.refused.v1':
        return [`the tender is refused: ${event.data.reasons}`, 'yellow']
      case 'custody.delivered.v1':
        return [`delivered to ${this.nameOf(event.data.to)}`, 'green']
      case 'penalty.excursion.started.v1':
        return [
          `${measured(event.data.metric ?? event.data.kind, event.data.value)} is outside the limit: ${this.nameOf(event.data.custodian)} has the goods`,
          'yellow',
        ]
      case 'penalty.violation.charged.v1':
        return [violation(event.data, this.nameOf(event.data.custodian)), 'red']
      case 'penalty.rating.changed.v1':
        return [
          `rating of ${this.nameOf(event.data.party)}: ${event.data.permilleBefore / 10} → ${event.data.permille / 10} %`,
        ]
      case 'settlement.planned.v1':
        return [
          `payout plan: ${event.data.plan.payouts.map(({ party, paid }) => `${party} ${formatTokens(BigInt(paid))}`).join(', ')}`,
          'cyan',
        ]
      case 'settlement.payment.made.v1':
        return [
          `paid ${formatTokens(BigInt(event.data.amount))} tokens to ${this.nameOf(event.data.wallet)}${event.data.via === 'guarantee' ? ' from its guarantee' : event.data.via === 'raiden' ? ' over Raiden' : ''}`,
          'green',
        ]
      case 'settlement.reserved.v1':
        return [
          `reserved in channels: ${event.data.channels.map(({ partner, amount }) => `${this.nameOf(partner)} ${formatTokens(BigInt(amount))}`).join(', ')}`,
          'cyan',
        ]
      case 'settlement.payment.diverted.v1':
        return [
          `the channel cannot pay (${event.data.code}): it is paid from the ${event.data.to} instead`,
          'yellow',
        ]
      case 'settlement.settled.v1':
        return [`settled: ${formatTokens(BigInt(event.data.refund))} tokens stay with the payer`, 'green']
      case 'settlement.acknowledged.v1':
        return [
          `${this.nameOf(event.data.party)} has acknowledged ${formatTokens(BigInt(event.data.cumulative))} tokens`,
        ]
      case 'settlement.concluded.v1': {
        const { asPlanned, released } = event.data
        const fixed = asPlanned ? 'as planned' : 'OTHERWISE THAN PLANNED'
        return [
          `settled on chain ${fixed}; ${formatTokens(BigInt(released))} tokens of guarantees are back with the payer`,
          asPlanned ? 'green' : 'red',
        ]
      }
      case 'chain.mined.v1':
        return event.data.key.startsWith('payment:') ? undefined : [mined(event.data), 'dim']
      case 'chain.refused.v1':
        return [`the chain refuses: ${event.data.what}: ${event.data.reason}`, 'red']
      case 'custody.tampered.v1':
        return [`tampering: ${event.data.reason}`, 'red']
      default:
        return undefined
    }
  }

  private nameOf(wallet: Hex): string {
    return (this.terms && partyByWallet(this.terms, wallet)?.name) ?? short(wallet)
  }
}

function violation(data: EventData<'penalty.violation.charged.v1'>, custodian: string): string {
  const { metric, kind, worst, readings, penalty } = data
  const shown = worst === undefined ? kind : `${measured(metric ?? kind, worst)} at worst`
  const count = readings === undefined ? '' : readings === 1 ? ', 1 reading' : `, ${readings} readings`
  return `violation by ${custodian}: ${shown}${count}, ${formatTokens(BigInt(penalty))} tokens`
}

const measured = (what: string, value: number | undefined): string =>
  value === undefined ? what : `${what} ${inUnits(what, value)}`

function mined({ what, gasUsed, ok }: EventData<'chain.mined.v1'>): string {
  return `chain: ${what}, ${gasUsed.toLocaleString('en')} gas${ok ? '' : ', REVERTED'}`
}

/** Lowest and highest temperature of an envelope, with a bar for each of eight parts of it. */
function temperatures(envelope: Envelope): string {
  const { mask, count } = envelope.header
  if ((mask & 1) === 0 || count === 0) return ''
  const column = new DataView(envelope.body.buffer, envelope.body.byteOffset + 16 + 4 * count, 4 * count)
  const all = Array.from({ length: count }, (_, i) => column.getInt32(4 * i))
  const values = all.filter((value) => value !== MISSING)
  if (values.length === 0) return ''
  const bars = all.map((value) => (value === MISSING ? ' ' : barOf(value))).join('')
  return `${human(Math.min(...values)).padStart(6)} to ${human(Math.max(...values)).padStart(6)} °C  ${bars}`
}

function barOf(milliC: number): string {
  const share = (milliC - BAR_MILLI_C_MIN) / (BAR_MILLI_C_MAX - BAR_MILLI_C_MIN)
  return BARS[Math.max(0, Math.min(BARS.length - 1, Math.floor(share * BARS.length)))]!
}

const human = (milli: number): string => (milli / 1000).toFixed(1)
const inUnits = (metric: string, value: number): string =>
  String(value / metricByName(metric as MetricName).scale)
const short = (hex: string): string => `${hex.slice(0, 8)}…`
