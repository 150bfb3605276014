/** One at a time, in order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** What `work` resolves with; undefined when its turn did not come within `waitMsMax`: then it is never done. */
  async take<T>(waitMsMax: number, work: () => Promise<T>): Promise<T | undefined> {
    let state: 'waiting' | 'begun' | 'given up' = 'waiting'
    const turn = this.#last.then(() => {
      if (state === 'given up') return undefined
      state = 'begun'
      return work()
    })
    this.#last = turn.catch(() => undefined)
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => {
      if (state === 'begun') return
      state = 'given up'
      resolve(undefined)
    }, waitMsMax)
    try {
      return await Promise.race([turn, late])
    } finally {
      clearTimeout(timer)
    }
  }
}
