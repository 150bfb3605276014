/** Answers contests of the agreements that the log knows, before their time is over. */
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
import { readContests } from './contest-log.ts'
import { firstBlockSince } from './contract-log.ts'
import { answerName, type Contest, type Doubted } from './domain/contests.ts'

/** Contract's CaseState. */
const CONTESTED = 2
const UPHELD = 3
const VOID = 5
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
type Watched = Contest & { retryAtMs: number; delayMs?: number; told?: string }

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

/** The contests that it watches are found again on chain after a restart; what was sent is in the journal. */
class AnswerDesk {
  readonly #options: AnsweringOptions
  readonly #open = new Map<string, Watched>()
  readonly #closed = new Set<string>()
  readonly #answered: { inc(): void }
  #nextBlock = 0n
  #agreementsSeen = 0

  constructor(options: AnsweringOptions) {
    this.#options = options
    const { metrics } = options
    metrics.gauge({
      name: 'consign_chain_writer_contests_open',
      help: 'Contests that are not answered yet',
      collect: (gauge) => gauge.set(this.#open.size),
    })
    this.#answered = metrics.counter({
      name: 'consign_chain_writer_contests_answered_total',
      help: 'Contests that this service answered',
    })
  }

  /** Safe to repeat. Throws what the node answers when it cannot tell. */
  async turn(): Promise<void> {
    const nowS = await this.#look()
    for (const contest of this.#open.values()) {
      if (this.#options.signal.aborted) return
      await this.#attend(contest, nowS)
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
    for await (const found of readContests(client, this.#nextBlock, latest.number)) {
      const { key } = answerName(found)
      if (!notary.agreements.has(found.agreement) || this.#open.has(key) || this.#closed.has(key)) continue
      if (found.answerableUntilS < nowS) continue
      this.#open.set(key, { ...found, retryAtMs: 0 })
    }
    const reread = latest.number > REREAD_BLOCKS ? latest.number - REREAD_BLOCKS : 0n
    if (reread > this.#nextBlock) this.#nextBlock = reread
    return nowS
  }

  async #attend(contest: Watched, nowS: number): Promise<void> {
    const { journal, client } = this.#options
    const { key } = answerName(contest)
    const { agreement: address, caseId, answerableUntilS } = contest
    const args = [caseId] as const
    const found = await client.readContract({ address, abi: agreementAbi, functionName: 'caseOf', args })
    const sent = journal.transaction(key)
    // Contests that were over before this process began to watch are found too, and need no word.
    const isOver = found.state === UPHELD || found.state === VOID
    if (isOver && contest.told === undefined) return this.#close(key)
    if (found.state === UPHELD) return this.#uphold(contest, sent?.mined?.ok === true)
    if (found.state === VOID || nowS > answerableUntilS) {
      this.#say(contest, 'warn', 'a contest was not answered in time')
      return this.#close(key)
    }
    // Not contested: the block that said so was reorganised away, or the node lags behind it. The contest is watched until its time is over.
    if (found.state !== CONTESTED) return
    if (contest.told === undefined) this.#say(contest, 'info', 'a case is contested')
    if (sent?.status === 'refused')
      return this.#say(contest, 'error', `the answer to a contest was refused: ${sent.reason}`)
    if (sent?.mined?.ok === false)
      return this.#say(contest, 'error', `the answer to a contest reverted in ${sent.mined.hash}`)
    if (sent === undefined && Date.now() >= contest.retryAtMs) await this.#answer(contest, found, nowS)
  }

  async #answer(contest: Watched, doubted: Doubted, nowS: number): Promise<void> {
    const { journal, logger } = this.#options
    const name = answerName(contest)
    try {
      const answers = answersTo(contest, doubted, { ...this.#options, nowMs: nowS * 1000 })
      const { by, call } = await this.#accepted(contest.agreement, answers)
      await journal.submit({ ...name, to: contest.agreement, data: encodeAgreementCall(call) })
      logger.info({ key: name.key, agreement: contest.agreement }, `a contest is answered by ${by}`)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // A seal, an anchor or a confirmation may still come in time.
      contest.delayMs = delayAfter(contest.delayMs)
      contest.retryAtMs = Date.now() + contest.delayMs
      this.#say(contest, 'warn', `a contest has no answer yet: ${error.message}`)
    }
  }

  // A key is spent when the journal refuses it: so only what the chain accepts now is handed to it.
  async #accepted(to: Hex, answers: AsyncIterable<Answer>): Promise<Answer> {
    const { client, journal } = this.#options
    let refused = 'neither a seal nor an anchor covers its envelope'
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

  #uphold(contest: Watched, isOurs: boolean): void {
    const { key } = answerName(contest)
    if (isOurs) this.#answered.inc()
    this.#say(contest, 'info', isOurs ? 'a case is upheld' : 'a case is upheld: somebody else answered first')
    this.#close(key)
  }

  #close(key: string): void {
    this.#open.delete(key)
    this.#closed.add(key)
  }

  // The same is said once.
  #say(contest: Watched, level: 'info' | 'warn' | 'error', message: string): void {
    if (contest.told === message) return
    contest.told = message
    const { agreement } = contest
    this.#options.logger[level]({ key: answerName(contest).key, agreement }, message)
  }
}
