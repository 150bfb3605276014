// Messages signed with SLH-DSA-SHA2-128s by two implementations that share no code: node:crypto (OpenSSL) and noble. Keys, messages and contexts
// follow from the number alone; so do noble's signatures, while node:crypto draws 16 bytes of randomness for each.
import { createPrivateKey, hash, sign } from 'node:crypto'
import { slh_dsa_sha2_128s } from '@noble/post-quantum/slh-dsa.js'

export const MAKERS = ['node:crypto', 'noble'] as const
export type Maker = (typeof MAKERS)[number]

export type SignedMessage = {
  maker: Maker
  publicKey: Uint8Array
  message: Uint8Array
  context: Uint8Array
  signature: Uint8Array
}

const CONTEXT_BYTES_MAX = 255
// Above two blocks of SHA-256 and of its padding.
const MESSAGE_BYTES_MAX = 200

/** Message `number` of a maker. Every second one is a digest with empty context, as seals are; the others vary in both lengths. */
export function signMessage(maker: Maker, number: number): SignedMessage {
  const label = `slh-dsa ${maker} ${number}`
  const { publicKey, secretKey } = slh_dsa_sha2_128s.keygen(expand(`${label} key`, 48))
  const plain = number % 2 === 0
  const message = expand(`${label} message`, plain ? 32 : lengthOf(`${label} message`, MESSAGE_BYTES_MAX))
  const context = expand(`${label} context`, plain ? 0 : lengthOf(`${label} context`, CONTEXT_BYTES_MAX))
  const signature =
    maker === 'noble'
      ? slh_dsa_sha2_128s.sign(message, secretKey, { context, extraEntropy: false })
      : nodeSignature(message, context, secretKey)
  return { maker, publicKey, message, context, signature }
}

/** As many bytes as wanted, which the label alone determines. */
export function expand(label: string, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) =>
    hash('sha256', `${label} ${block}`, 'buffer'),
  )
  return new Uint8Array(Buffer.concat(blocks).subarray(0, length))
}

function lengthOf(label: string, max: number): number {
  return (expand(`${label} length`, 1)[0] ?? 0) % (max + 1)
}

function nodeSignature(message: Uint8Array, context: Uint8Array, secretKey: Uint8Array): Uint8Array {
  const key = createPrivateKey({
    key: Buffer.from(secretKey),
    format: 'raw-private',
    asymmetricKeyType: 'slh-dsa-sha2-128s',
  })
  return new Uint8Array(sign(null, message, { key, context }))
}
