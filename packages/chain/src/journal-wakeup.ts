/** Waiting that ends early: by `wake`, by the signal, or when the time is over. A wake without a waiter is kept for the next one. */
export class Wakeup {
  #pending = false
  readonly #waiters = new Set<() => void>()

  wake(): void {
    this.#pending = this.#waiters.size === 0
    for (const waiter of [...this.#waiters]) waiter()
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    if (this.#pending) {
      this.#pending = false
      return
    }
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#waiters.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
      this.#waiters.add(done)
    })
  }
}
