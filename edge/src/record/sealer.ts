import {
  type CryptoProvider,
  encodeSignedSeal,
  fromHex,
  type KeySet,
  type LegRef,
  type Seal,
  sealDigest,
  signSeal,
  toHex,
} from '@consign/envelope'
import type { Tell } from '../events.ts'
import type { SealDue } from '../spool/seals.ts'
import type { Spool } from '../spool/spool.ts'

export type SealerOptions = {
  spool: Spool
  crypto: CryptoProvider
  chainId: number
  agreement: LegRef['agreement']
  /** Keys of the current leg. */
  keys: () => KeySet
  tell: Tell
  spooled: () => void
  /** A fault nobody waits for. */
  fail: (error: unknown) => void
}

/**
 * Makes the SLH-DSA seals that are due, one at a time and beside everything else: each takes a quarter of a second or more. When several wait,
 * the newest serves for all, since it covers their envelopes too. What is due is durable; a restart makes it again.
 */
export class Sealer {
  readonly #o: SealerOptions
  #running: Promise<void> | undefined
  #stopped = false

  constructor(options: SealerOptions) {
    this.#o = options
  }

  wake(): void {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined
    })
    this.#running.catch(this.#o.fail)
  }

  /** Resolves when nothing is due. The leg's keys must live until then. */
  async drained(): Promise<void> {
    while (this.#o.spool.seals.newest()) {
      this.wake()
      await this.#running
    }
  }

  /** Begins nothing more; resolves when the seal under way is stored. What else is due waits for the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #work(): Promise<void> {
    const { spool, tell, spooled } = this.#o
    for (let due = spool.seals.newest(); due && !this.#stopped; due = spool.seals.newest()) {
      const sealed = await this.sign(due)
      const { leg, n } = due
      spool.transaction(() => {
        this.store(sealed)
        spool.seals.removeUpTo(leg, n)
      })
      tell({ event: 'seal', leg, n })
      spooled()
    }
  }

  /** The frame of a seal. */
  async sign({ leg, n, root, head }: SealDue): Promise<SealedFrame> {
    const { crypto, chainId, agreement, keys } = this.#o
    const record: Seal = { chainId, agreement, leg, n, root: fromHex(root), head: fromHex(head) }
    const bytes = encodeSignedSeal(await signSeal(crypto, keys(), record))
    return { leg, n, bytes, digest: toHex(sealDigest(record)) }
  }

  /** Within a transaction. */
  store({ leg, n, bytes, digest }: SealedFrame): void {
    this.#o.spool.frames.add({ kind: 'seal', leg, digest, bytes })
    this.#o.spool.legs.sealed(leg, n)
  }
}

export type SealedFrame = { leg: number; n: number; bytes: Uint8Array; digest: `0x${string}` }
