import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { unlessAborted } from './unless-aborted.ts'

it('gives what the work gives, or its failure', async () => {
  const { signal } = new AbortController()
  await expect(unlessAborted(Promise.resolve(7), signal)).resolves.toBe(7)
  await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
})

it('does not wait for work that goes on when the signal is aborted, before or meanwhile', async () => {
  const endless = new Promise<never>(() => {})
  const controller = new AbortController()
  const waiting = unlessAborted(endless, controller.signal)
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(unlessAborted(endless, controller.signal)).rejects.toThrow('enough')
})

it('takes a failure after the end for nothing', async () => {
  const work = Promise.withResolvers<never>()
  await expect(unlessAborted(work.promise, AbortSignal.abort())).rejects.toThrow()
  work.reject(new Error('too late'))
  await sleep(0)
})
