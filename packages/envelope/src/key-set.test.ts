import { describe, expect, it } from 'vitest'
import { exportKeySet, importKeySet, KeySet } from './key-set.ts'
import { native } from './native.ts'

const keys = native.generateKeys()

describe('an exported key set', () => {
  it('comes back whole and still signs', async () => {
    const restored = importKeySet(exportKeySet(keys))
    expect(restored.public).toEqual(keys.public)
    expect(KeySet.secretOf(restored)).toEqual(KeySet.secretOf(keys))
    const signature = await native.p256Sign(restored, Uint8Array.of(1))
    expect(native.p256VerifySync(keys.public.p256, Uint8Array.of(1), signature)).toBe(true)
  })

  it('is copied, so that the caller can wipe what it read from the file', () => {
    const bytes = exportKeySet(keys)
    const restored = importKeySet(bytes)
    bytes.fill(0)
    expect(KeySet.secretOf(restored)).toEqual(KeySet.secretOf(keys))
    expect(restored.public).toEqual(keys.public)
  })

  it('is refused when any byte is damaged', () => {
    const bytes = exportKeySet(keys)
    for (let offset = 0; offset < bytes.length; offset++) {
      const damaged = bytes.slice()
      damaged[offset] = (damaged[offset] as number) ^ 0x40
      const code = offset === 0 ? 'keySet.version' : 'keySet.checksum'
      expect(() => importKeySet(damaged)).toThrow(expect.objectContaining({ code }))
    }
  })

  it('is refused when it is cut short or longer', () => {
    const bytes = exportKeySet(keys)
    for (const wrong of [bytes.subarray(1), new Uint8Array(0), new Uint8Array(bytes.length + 1)])
      expect(() => importKeySet(wrong)).toThrow(expect.objectContaining({ code: 'keySet.length' }))
  })
})
