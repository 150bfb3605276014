import { describe, expect, it } from 'vitest'
import { encodeFrame, parseFrame } from './frame.ts'

describe('a frame', () => {
  it('of an envelope hands over its wire untouched, for parseEnvelope', () => {
    expect(parseFrame(encodeFrame('envelope', Uint8Array.of(5, 6)))).toEqual({
      kind: 'envelope',
      bytes: Uint8Array.of(5, 6),
    })
  })

  it('of a pull is its kind alone', () => {
    expect(encodeFrame('pull')).toEqual(Uint8Array.of(7))
    expect(parseFrame(encodeFrame('pull')).kind).toBe('pull')
    expect(() => parseFrame(Uint8Array.of(7, 0))).toThrow(expect.objectContaining({ code: 'frame.length' }))
  })

  it('without a kind, or of a kind that is none, is refused', () => {
    expect(() => parseFrame(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'frame.length' }))
    for (const kind of [0, 9, 10, 255])
      expect(() => parseFrame(Uint8Array.of(kind))).toThrow(expect.objectContaining({ code: 'frame.kind' }))
  })
})
