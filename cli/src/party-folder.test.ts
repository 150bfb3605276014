import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  encodeFrame,
  encodeSignedSeal,
  type FrameKind,
  type LegRef,
  native,
  sealEnvelope,
  signSeal,
  toHex,
} from '@consign/envelope'
import { limits } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { judgedLeg } from './agreement/judged.ts'
import { framesOf, keysOf, readFrames, readTerms, runOf } from './party-folder.ts'

const { terms, device } = sampleAgreement()
const ref: LegRef = { chainId: 31_337, agreement: `0x${'a1'.repeat(20)}`, leg: 1 }

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'consign-folder-'))
  mkdirSync(join(dir, 'frames'))
})
afterEach(() => rmSync(dir, { recursive: true }))

let files = 0
function put(kind: FrameKind, bytes: Uint8Array): void {
  files += 1
  writeFileSync(join(dir, 'frames', String(files)), encodeFrame(kind, bytes))
}

async function envelope(
  seq: number,
  temperatures: number[],
  previous = new Uint8Array(32),
): Promise<Uint8Array> {
  const baseMonotonicMs = seq * 600_000
  const readings = temperatures.map((temperature, index) => {
    const monotonicMs = baseMonotonicMs + index * 60_000
    return { monotonicMs, utcMs: 1_793_608_200_000 + monotonicMs, values: { temperature } }
  })
  const { wire } = await sealEnvelope(native, device, {
    ...{ ref, seq, previous, flags: 0, readings, baseMonotonicMs, clockState: 1 },
    ...{ seed: new Uint8Array(16), bootId: new Uint8Array(16), baseUtcMs: 1_793_608_200_000 },
  })
  return wire
}

describe('the folder of a party', () => {
  it('gives the frames of a leg in order, whatever the names of their files', async () => {
    put('envelope', await envelope(1, [41_000]))
    put('envelope', await envelope(0, [20_000]))
    put(
      'seal',
      encodeSignedSeal(
        await signSeal(native, device, { ...ref, n: 2, root: new Uint8Array(32), head: new Uint8Array(32) }),
      ),
    )
    const frames = framesOf(await readFrames(dir), 1)
    expect(frames.envelopes.map(({ header }) => header.seq)).toEqual([0, 1])
    expect(frames.seals.map(({ n }) => n)).toEqual([2])
    expect(frames.forks).toEqual([])
  })

  it('counts the same envelope once and tells two different ones of a number apart', async () => {
    const [one, other] = [await envelope(0, [20_000]), await envelope(0, [21_000])]
    for (const wire of [one, one, other]) put('envelope', wire)
    const { envelopes, forks } = framesOf(await readFrames(dir), 1)
    expect(envelopes).toHaveLength(1)
    expect(forks.map(({ seq, one: a, other: b }) => [seq, toHex(a.digest) === toHex(b.digest)])).toEqual([
      [0, false],
    ])
  })

  it('says what is missing or damaged, and where', async () => {
    await expect(readTerms(dir)).rejects.toMatchObject({ code: 'folder.missing' })
    writeFileSync(join(dir, 'terms.json'), '{')
    await expect(readTerms(dir)).rejects.toMatchObject({ code: 'folder.json' })
    put('envelope', await envelope(0, [20_000]))
    const frames = await readFrames(dir)
    expect(() => framesOf(frames, 2)).toThrow(expect.objectContaining({ code: 'folder.leg' }))
    expect(() => keysOf(framesOf(frames, 1))).toThrow(expect.objectContaining({ code: 'folder.keys' }))
    expect(() => runOf(framesOf(frames, 1), 0, 1)).toThrow(
      expect.objectContaining({
        code: 'folder.envelope',
        message: expect.stringContaining('envelope 1 of leg 1'),
      }),
    )
    writeFileSync(join(dir, 'frames', '.DS_Store'), 'x')
    expect((await readFrames(dir)).legs).toHaveLength(1)
    writeFileSync(join(dir, 'frames', 'odd'), Uint8Array.of(1, 2, 3))
    await expect(readFrames(dir)).rejects.toMatchObject({
      code: 'folder.frame',
      message: expect.stringMatching(/odd: .+; get it again, or move it away if it is no frame$/),
    })
  })
})

describe('what a folder shows of a limit', () => {
  const limit = limits(terms)[0]!

  it('is every excursion, with the envelopes that its proof needs', async () => {
    const values = [[20_000], [41_000, 20_000], [20_000, 45_000]]
    for (const [seq, temperatures] of values.entries()) put('envelope', await envelope(seq, temperatures))
    const found = judgedLeg(framesOf(await readFrames(dir), 1), limit)
    expect(
      found.map(({ startSeq, startIndex, runFromSeq, worst }) => [startSeq, startIndex, runFromSeq, worst]),
    ).toEqual([
      [1, 0, 0, 41_000],
      [2, 1, 2, 45_000],
    ])
  })

  it('ends at the first envelope that is missing, and at a fork', async () => {
    for (const seq of [0, 2]) put('envelope', await envelope(seq, [45_000, 20_000]))
    const shown = async () =>
      judgedLeg(framesOf(await readFrames(dir), 1), limit).map(({ startSeq }) => startSeq)
    expect(await shown()).toEqual([0])
    put('envelope', await envelope(1, [20_000]))
    expect(await shown()).toEqual([0, 2])
    put('envelope', await envelope(2, [20_000]))
    expect(await shown()).toEqual([0])
  })
})
