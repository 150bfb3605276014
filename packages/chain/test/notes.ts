// The simplest transaction that the chain can tell from any other: no value, and a number as calldata.
import { type Hex, numberToHex } from 'viem'
import type { Intent } from '../src/index.ts'

/** Nobody has this address, and no code is there. */
const RECEIVER: Hex = `0x${'0e'.repeat(20)}`

export function noteIntent(number: number): Intent {
  return {
    key: `note:${number}`,
    to: RECEIVER,
    data: numberToHex(number, { size: 2 }),
    what: `note ${number}`,
  }
}
