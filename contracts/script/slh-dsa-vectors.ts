// Writes contracts/test/vectors/slh-dsa.json: the few signatures that forge's tests of the verifier stand on. To be run again only when the
// choice changes: what node:crypto signs differs each time.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesToHex } from 'viem'
import { CONTRACTS } from './foundry.ts'
import { MAKERS, signMessage } from './slh-dsa.ts'

// 4 × 7856 bytes in hex: 63 KB.
const NUMBERS = [0, 1]

const signatures = MAKERS.flatMap((maker) =>
  NUMBERS.map((number) => {
    const { publicKey, message, context, signature } = signMessage(maker, number)
    return {
      maker,
      publicKey: bytesToHex(publicKey),
      message: bytesToHex(message),
      context: bytesToHex(context),
      signature: bytesToHex(signature),
    }
  }),
)
await writeFile(
  join(CONTRACTS, 'test/vectors/slh-dsa.json'),
  `${JSON.stringify({ signatures }, undefined, 2)}\n`,
)
