/** Answers contests and claims of silence of the agreements that the log knows, before their time is over. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  agreementAbi,
  delayAfter,
  encodeAgreementCall,
  type PublicClient,
  revertReason,
  untilAnswered,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { Hex } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import { type Answer, type AnswerSources, answersTo } from './answers.ts'
import { readChallenges } from './challenge-log.ts'
import { firstBlockSince } from './contract-log.ts'
import { answerName, type Challenge, type Doubted, outcomeOf, WORDS } from './domain/challenges.ts'
import { refutationsOf, type Search } from './refutations.ts'

/** Blocks that are read again each time, in case the chain reorganised them: more than the two epochs that take Ethereum to finality. */
const REREAD_BLOCKS = 72n

export type AnsweringOptions = AnswerSources & {
  client: PublicClient
  /** ms between looks at the chain */
  contestPollMs: number
  logger: Logger
  metrics: Metrics
  signal: AbortSignal
}

/** `delayMs`: since the last try that found no answer; `told`: what was last said about it. */
type Watched = Challenge & { retryAtMs: number; delayMs?: number; told?: string; search: Search }

/** Looks and answers until the signal aborts. */
export async function answerContests(options: AnsweringOptions): Promise<void> {
  const { signal, logger, contestPollMs } = options
  const desk = new AnswerDesk(options)
  while (!signal.aborted) {
    try {
      await untilAnswered(() => desk.turn(), { signal, notices: logger })
    } catch (error) {
      if (!signal.aborted) throw error
    }
    await sleep(contestPollMs, undefined, { signal }).catch(() => undefined)
  }
}

/** The challenges that it watches are found again on chain after a restart; what was sent is in the journal. */
class AnswerDesk {
  readonly #options: AnsweringOptions
  readonly #open = new Map<string, Watched>()
  readonly #closed = new Set<string>()
  readonly #answered: Readonly<Record<Challenge['kind'], { inc(): void }>>
  #nextBlock = 0n
  #agreementsSeen = 0

  constructor(options: AnsweringOptions) {
    this.#options = options
    const { metrics } = options
    const openOf = (kind: Challenge['kind']) => [...this.#open.values()].filter((one) => one.kind === kind)
    metrics.gauge({
      name: 'consign_chain_writer_contests_open',
      help: 'Contests that are not answered yet',
      collect: (gauge) => gauge.set(openOf('contest').length),
    })
    metrics.gauge({
      name: 'consign_chain_writer_claims_open',
      help: 'Claims of silence that can still be refuted',
      collect: (gauge) => gauge.set(openOf('claim').length),
    })
    this.#answered = {
      contest: metrics.counter({
        name: 'consign_chain_writer_contests_answered_total',
        help: 'Contests that this service answered',
      }),
      claim: metrics.counter({
        name: 'consign_chain_writer_claims_refuted_total',
        help: 'Claims of silence that this service refuted',
      }),
    }
  }

  /** Safe to repeat. Throws what the node answers when it cannot tell. */
  async turn(): Promise<void> {
    const nowS = await this.#look()
    for (const challenge of this.#open.values()) {
      if (this.#options.signal.aborted) return
      await this.#attend(challenge, nowS)
    }
  }

  // What can still be answered began at most one answer window ago. An agreement that has become known since may have been contested before.
  async #look(): Promise<number> {
    const { client, notary } = this.#options
    const latest = await client.getBlock()
    const nowS = Number(latest.timestamp)
    if (notary.agreements.size === 0) return nowS
    if (notary.agreements.size !== this.#agreementsSeen) {
      const sinceS = nowS - Math.ceil(notary.answerMsMax / 1000)
      this.#nextBlock = await firstBlockSince(client, sinceS, latest.number)
      this.#agreementsSeen = notary.agreements.size
    }
    for await (const found of readChallenges(client, this.#nextBlock, latest.number)) {
      const { key } = answerName(found)
      if (!notary.agreements.has(found.agreement) || this.#open.has(key) || this.#closed.has(key)) continue
      if (found.answerableUntilS < nowS) continue
      this.#open.set(key, { ...found, retryAtMs: 0, search: { from: 1 } })
    }
    const reread = latest.number > REREAD_BLOCKS ? latest.number - REREAD_BLOCKS : 0n
    if (reread > this.#nextBlock) this.#nextBlock = reread
    return nowS
  }

  async #attend(challenge: Watched, nowS: number): Promise<void> {
    const { journal, client } = this.#options
    const { key } = answerName(challenge)
    const { kind, agreement: address, caseId, answerableUntilS } = challenge
    const words = WORDS[kind]
    const args = [caseId] as const
    const found = await client.readContract({ address, abi: agreementAbi, functionName: 'caseOf', args })
    const sent = journal.transaction(key)
    const outcome = outcomeOf(kind, found.state)
    // Those that were over before this process began to watch are found too, and need no word.
    if ((outcome === 'answered' || outcome === 'lost') && challenge.told === undefined)
      return this.#close(key)
    if (outcome === 'answered') return this.#conclude(challenge, sent?.mined?.ok === true)
    if (outcome === 'lost' || nowS > answerableUntilS) {
      this.#say(challenge, 'warn', words.late)
      return this.#close(key)
    }
    // Watched until its time is over.
    if (outcome === 'unknown') return
    if (challenge.told === undefined) this.#say(challenge, 'info', words.open)
    if (sent?.status === 'refused') return this.#say(challenge, 'error', `${words.refused}: ${sent.reason}`)
    if (sent?.mined?.ok === false)
      return this.#say(challenge, 'error', `${words.reverted} ${sent.mined.hash}`)
    if (sent === undefined && Date.now() >= challenge.retryAtMs) await this.#answer(challenge, found, nowS)
  }

  async #answer(challenge: Watched, doubted: Doubted, nowS: number): Promise<void> {
    const { journal, logger } = this.#options
    const { kind, agreement, search } = challenge
    const name = answerName(challenge)
    const words = WORDS[kind]
    try {
      const answers =
        kind === 'contest'
          ? answersTo(challenge, doubted, { ...this.#options, nowMs: nowS * 1000 })
          : refutationsOf(challenge, doubted, { ...this.#options, search })
      const { by, call } = await this.#accepted(agreement, answers, words.missing)
      await journal.submit({ ...name, to: agreement, data: encodeAgreementCall(call) })
      logger.info({ key: name.key, agreement }, `${words.answers} ${by}`)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // A seal, an anchor, an envelope or a confirmation may still come in time.
      challenge.delayMs = delayAfter(challenge.delayMs)
      challenge.retryAtMs = Date.now() + challenge.delayMs
      this.#say(challenge, 'warn', `${words.unanswered}: ${error.message}`)
    }
  }

  // A key is spent when the journal refuses it: so only what the chain accepts now is handed to it.
  async #accepted(to: Hex, answers: AsyncIterable<Answer>, missing: string): Promise<Answer> {
    const { client, journal } = this.#options
    let refused = missing
    for await (const answer of answers) {
      try {
        await client.call({ account: journal.address, to, data: encodeAgreementCall(answer.call) })
        return answer
      } catch (error) {
        const reason = revertReason(error, agreementAbi)
        if (reason === undefined) throw error
        const leg = /^AgreementLegNotConfirmed\((\d+)\)/.exec(reason)?.[1]
        if (leg !== undefined)
          throw new Refusal(
            'contest.confirm',
            `leg ${leg} began when classical signatures were no longer believed, and nobody confirmed it: run consign agreement confirm`,
            { retry: true },
          )
        refused = `${answer.by}: ${reason}`
      }
    }
    throw new Refusal('contest.refused', refused, { retry: true })
  }

  #conclude(challenge: Watched, isOurs: boolean): void {
    const { kind } = challenge
    if (isOurs) this.#answered[kind].inc()
    const { answered } = WORDS[kind]
    this.#say(challenge, 'info', isOurs ? answered : `${answered}: somebody else answered first`)
    this.#close(answerName(challenge).key)
  }

  #close(key: string): void {
    this.#open.delete(key)
    this.#closed.add(key)
  }

  // The same is said once.
  #say(challenge: Watched, level: 'info' | 'warn' | 'error', message: string): void {
    if (challenge.told === message) return
    challenge.told = message
    const { agreement } = challenge
    this.#options.logger[level]({ key: answerName(challenge).key, agreement }, message)
  }
}
