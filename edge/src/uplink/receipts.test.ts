import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, type Hex, type Receipt } from '@consign/envelope'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Spool } from '../spool/spool.ts'
import { applyReceipt } from './receipts.ts'

const OWN = { chainId: 1, agreement: `0x${'a1'.repeat(20)}` as Hex }
const OFFER: Hex = `0x${'0f'.repeat(32)}`
const digestOf = (seq: number): Hex => `0x${String(seq).padStart(64, '0')}`

let directory: string
let spool: Spool
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'consign-receipts-'))
  spool = new Spool(directory)
  const begun = {
    leg: 0,
    party: '0x01',
    head: '0x02',
    root: '0x03',
    startMonotonicMs: 0,
    keys: new Uint8Array(1),
  } as const
  spool.legs.begin({ ...begun, frontier: new Uint8Array(8) })
  for (let seq = 0; seq < 5; seq++) {
    const grown = { leg: 0, n: seq + 1, head: digestOf(seq), root: '0x03', checkpointSeq: seq } as const
    spool.legs.grow({ ...grown, frontier: new Uint8Array(8) }, 1)
    spool.frames.add({ kind: 'envelope', leg: 0, seq, digest: digestOf(seq), bytes: new Uint8Array(1) })
  }
  spool.frames.add({ kind: 'offer', leg: 0, digest: OFFER, bytes: new Uint8Array(1) })
})
afterEach(() => {
  spool.close()
  rmSync(directory, { recursive: true })
})

const envelopes = (fromSeq: number, seq: number, change: Partial<Receipt> = {}): Receipt => ({
  ...OWN,
  ...{ leg: 0, kind: 'envelope', status: 'stored', fromSeq, seq, digest: fromHex(digestOf(seq)) },
  ...change,
})
const record = (digest: Hex, status: Receipt['status']): Receipt => ({
  ...OWN,
  ...{ leg: 0, kind: 'record', status, fromSeq: 0, seq: 0, digest: fromHex(digest) },
})
function left(): (number | string)[] {
  const names: (number | string)[] = []
  for (let frame = spool.frames.after(0); frame; frame = spool.frames.after(frame.id))
    names.push(frame.seq ?? frame.kind)
  return names
}

describe('a receipt', () => {
  it('deletes exactly the envelopes that it covers', () => {
    expect(applyReceipt(spool, OWN, envelopes(1, 3))).toEqual({ deleted: 3, parked: false })
    expect(left()).toEqual([0, 4, 'offer'])
  })

  it('deletes the record that it names', () => {
    expect(applyReceipt(spool, OWN, record(OFFER, 'stored'))).toEqual({ deleted: 1, parked: false })
    expect(left()).toEqual([0, 1, 2, 3, 4])
  })

  it('may come twice, and after its last envelope is gone still covers the others', () => {
    applyReceipt(spool, OWN, envelopes(4, 4))
    expect(applyReceipt(spool, OWN, envelopes(4, 4))).toEqual({ deleted: 0, parked: false })
    expect(applyReceipt(spool, OWN, envelopes(0, 4))).toEqual({ deleted: 4, parked: false })
    applyReceipt(spool, OWN, record(OFFER, 'stored'))
    expect(applyReceipt(spool, OWN, record(OFFER, 'stored'))).toEqual({ deleted: 0, parked: false })
  })

  it('that says parked deletes nothing', () => {
    expect(applyReceipt(spool, OWN, envelopes(0, 4, { status: 'parked' }))).toEqual({
      deleted: 0,
      parked: true,
    })
    applyReceipt(spool, OWN, record(OFFER, 'parked'))
    expect(left()).toHaveLength(6)
    expect(spool.frames.parkedCount()).toBe(6)
    applyReceipt(spool, OWN, envelopes(0, 4))
    expect(left()).toEqual(['offer'])
  })

  it.each([
    ['another branch of the chain', 'receipt.digest', envelopes(0, 3, { digest: fromHex(digestOf(2)) })],
    ['an envelope that was never signed', 'receipt.digest', envelopes(0, 5)],
    ['another leg', 'receipt.digest', envelopes(0, 3, { leg: 1 })],
    ['another agreement', 'receipt.other', envelopes(0, 3, { agreement: `0x${'b2'.repeat(20)}` })],
    ['another chain', 'receipt.other', envelopes(0, 3, { chainId: 2 })],
    ['an envelope as if it were a record', 'receipt.digest', record(digestOf(2), 'stored')],
  ])('for %s is refused and deletes nothing', (_, code, receipt) => {
    expect(() => applyReceipt(spool, OWN, receipt)).toThrow(expect.objectContaining({ code }))
    expect(left()).toHaveLength(6)
  })
})
