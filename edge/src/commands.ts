import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fromHex, type Hex, Refusal } from '@consign/envelope'
import { SIGNED_MANUAL_CUT } from '@consign/terms'
import { z } from 'zod'
import type { SignedManualCut } from './custody/replacement.ts'

const LINE_CHARACTERS_MAX = 65_536 // an acceptance is 21 KB of hex, a driver's 45 KB, a manual cut with the keys that it names 38 KB

const command = z.union([
  z
    .strictObject({ accept: z.string() })
    .transform(({ accept }) => ({ kind: 'accept' as const, hex: accept })),
  z
    .strictObject({
      manualCut: z.strictObject({
        agreement: z.custom<Hex>((value) => typeof value === 'string'),
        ...SIGNED_MANUAL_CUT,
        replacement: z.unknown().optional(), // what this device showed, and the services are told
      }),
    })
    .transform(({ manualCut }) => ({ kind: 'manualCut' as const, signed: manualCut })),
  z.strictObject({ scan: z.literal(true) }).transform(() => ({ kind: 'scan' as const })),
])

export type Commands = {
  accept: (bytes: Uint8Array) => void
  manualCut: (signed: SignedManualCut) => void
  scan: () => void
  refused: (refusal: Refusal) => void
}

/** Reads what people do at the box, one JSON object per line: see help.ts. A line that is none of it is reported, and nothing else happens. */
export function followCommands(input: Readable, { accept, manualCut, scan, refused }: Commands): void {
  createInterface({ input }).on('line', (line) => {
    if (line.trim() === '') return
    try {
      const parsed = parseCommand(line)
      if (parsed.kind === 'scan') scan()
      else if (parsed.kind === 'manualCut') manualCut(parsed.signed)
      else accept(fromHex(parsed.hex))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refused(error)
    }
  })
}

function parseCommand(line: string): z.output<typeof command> {
  const expected = 'expected {"accept":"0x…"}, {"manualCut":{…}} or {"scan":true}'
  if (line.length > LINE_CHARACTERS_MAX)
    throw new Refusal('command.length', `a line of ${line.length} characters: ${expected}`)
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch (cause) {
    throw new Refusal('command.malformed', `a line that is no JSON: ${expected}`, { cause })
  }
  const parsed = command.safeParse(json)
  if (!parsed.success) throw new Refusal('command.malformed', `an unknown command: ${expected}`)
  return parsed.data
}
