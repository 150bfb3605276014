/** The agreements that this organisation pays and that are not over on chain, folded from the log; rebuilt from it after a restart. */
import type { Recorded } from '@consign/eventlog'
import { type ConsignEvent, type Hex, parseEvent } from '@consign/events'
import { general, payer } from '@consign/terms'
import { type AgreementFile, evolveFile, isDone, isFileEvent, openFile } from './domain/agreement-file.ts'
import type { Organisation } from './ledger.ts'

export class Filing {
  readonly #organisation: Organisation
  readonly #open = new Map<Hex, AgreementFile>()

  constructor(organisation: Organisation) {
    this.#organisation = organisation
  }

  /** Takes a message of the log. Messages come in log order. */
  take(message: Recorded): void {
    const event = parseEvent(message.data)
    if (event.type === 'custody.agreement.signed.v1') {
      if (this.#isOurs(event.data) && !this.#open.has(event.data.agreement))
        this.#open.set(event.data.agreement, openFile(event.data))
      return
    }
    if (!isFileEvent(event) || event.data.agreement === undefined) return
    const file = this.#open.get(event.data.agreement)
    if (file === undefined) return
    const changed = evolveFile(file, event, message.timeMs)
    if (isDone(changed)) this.#open.delete(file.agreement)
    else this.#open.set(file.agreement, changed)
  }

  /** Undefined when it is another's, or over. */
  of(agreement: Hex): AgreementFile | undefined {
    return this.#open.get(agreement)
  }

  get open(): AgreementFile[] {
    return [...this.#open.values()]
  }

  #isOurs({ terms }: (ConsignEvent & { type: 'custody.agreement.signed.v1' })['data']): boolean {
    const { wallet, chainId, token } = this.#organisation
    const named = general(terms)
    return payer(terms).wallet === wallet && named.chainId === chainId && named.token === token
  }
}
