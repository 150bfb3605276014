import { encodeHeader, envelopeDigest } from '@consign/envelope'
import { MerkleLog } from '@consign/merkle'
import { bytesToHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { EnvelopeTree } from './envelope-tree.ts'
import { checkRun, isInRun, linkedRun, RUN_ENVELOPES_MAX } from './run.ts'

// A header is all that these rules read of an envelope.
function wireOf(seq: number, previous: Uint8Array, utcMs = 0): Uint8Array {
  return encodeHeader({
    version: 1,
    suite: 1,
    flags: 0,
    mask: 1,
    chainId: 31_337,
    agreement: `0x${'a1'.repeat(20)}`,
    leg: 1,
    seq,
    bootId: new Uint8Array(16),
    baseMonotonicMs: seq,
    baseUtcMs: utcMs,
    clockState: 1,
    count: 1,
    bodyHash: new Uint8Array(32),
    previous,
  })
}

function chainOf(length: number): Uint8Array[] {
  const wires: Uint8Array[] = []
  for (let seq = 0; seq < length; seq++)
    wires.push(wireOf(seq, seq === 0 ? new Uint8Array(32) : envelopeDigest(wires[seq - 1]!)))
  return wires
}

describe('the run of a proof', () => {
  const wires = chainOf(6)

  it('is the linked envelopes of the range, in order, in whatever order they were stored', () => {
    expect(linkedRun([...wires].reverse(), { fromSeq: 2, toSeq: 4 })).toEqual(wires.slice(2, 5))
    expect(linkedRun(wires, { fromSeq: 3, toSeq: 3 })).toEqual([wires[3]])
  })

  it('follows the hashes past a second branch', () => {
    const branch = wireOf(3, new Uint8Array(32).fill(9))
    expect(linkedRun([branch, ...wires], { fromSeq: 2, toSeq: 4 })).toEqual(wires.slice(2, 5))
  })

  it('takes the branch that is whole when two end at the same place', () => {
    const branch = wireOf(4, new Uint8Array(32).fill(9))
    expect(linkedRun([branch, ...wires], { fromSeq: 2, toSeq: 4 })).toEqual(wires.slice(2, 5))
  })

  it('takes nothing of the leg beside its range', () => {
    const inRun = wires.filter((wire) => isInRun(wire, { fromSeq: 2, toSeq: 4 }))
    expect(inRun).toEqual(wires.slice(2, 5))
    expect(isInRun(wires[3]!.subarray(0, 100), { fromSeq: 2, toSeq: 4 })).toBe(false)
  })

  it('is refused unread when no transaction could hold it', () => {
    expect(() => checkRun({ fromSeq: 0, toSeq: RUN_ENVELOPES_MAX - 1 })).not.toThrow()
    expect(() => checkRun({ fromSeq: 0, toSeq: RUN_ENVELOPES_MAX })).toThrowError(
      expect.objectContaining({ code: 'violation.run' }),
    )
  })

  it.each([2, 3, 4])('cannot be proven without envelope %i', (missing) => {
    const kept = wires.filter((_, seq) => seq !== missing)
    expect(() => linkedRun(kept, { fromSeq: 2, toSeq: 4 })).toThrowError(
      expect.objectContaining({
        code: 'violation.gap',
        message: expect.stringContaining(`envelope ${missing} `),
      }),
    )
  })
})

describe('the tree', () => {
  it('holds each digest once, in the order of the log, under the RFC 9162 root', () => {
    const wires = chainOf(5)
    const tree = new EnvelopeTree()
    const added = [...wires.slice(0, 3), wires[1]!, ...wires.slice(3), wires[0]!].map((wire) =>
      tree.add(wire),
    )
    expect(added).toEqual([true, true, true, false, true, true, false])
    const reference = new MerkleLog()
    for (const wire of wires) reference.append(envelopeDigest(wire))
    expect([tree.size, tree.root()]).toEqual([5, bytesToHex(reference.root())])
  })
})
