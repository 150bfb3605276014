/** Frames of a shipment, in the folder of a party. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeFrame, type FrameKind } from '@consign/envelope'
import { type Hex, hexToBytes } from 'viem'
import type { Handover, LegEvidence } from '../../contracts/script/shipment.ts'

/** `bytes`: what stands behind the frame's kind. */
export function writeFrame(folder: string, name: string, kind: FrameKind, bytes: Hex | Uint8Array): void {
  mkdirSync(join(folder, 'frames'), { recursive: true })
  const content = typeof bytes === 'string' ? hexToBytes(bytes) : bytes
  writeFileSync(join(folder, 'frames', name), encodeFrame(kind, content))
}

/** Keys and envelopes of a leg and, once it has ended, how. */
export function writeLeg(folder: string, { ref, signedKeys, wires }: LegEvidence, handover?: Handover): void {
  writeFrame(folder, `keys-${ref.leg}`, 'legKeys', signedKeys)
  wires.forEach((wire, seq) => {
    writeFrame(folder, `envelope-${ref.leg}-${seq}`, 'envelope', wire)
  })
  if (!handover) return
  writeFrame(folder, `offer-${ref.leg}`, 'offer', handover.offer)
  writeFrame(folder, `accept-${ref.leg}`, 'accept', handover.accept)
  writeFrame(folder, `cut-${ref.leg}`, 'cut', handover.cut)
}
