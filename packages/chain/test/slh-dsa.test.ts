// The verifier on chain against two implementations that share no code. With CONSIGN_DEEP=1: 200 signatures of each, which takes some minutes.
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { bytesToHex, type Hex } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Anvil, developer, startAnvil } from '../../../contracts/script/anvil.ts'
import { expand, MAKERS, type Maker, type SignedMessage } from '../../../contracts/script/slh-dsa.ts'
import { slhDsaVerifierAbi, slhDsaVerifierBytecode } from '../src/generated/slhDsaVerifier.ts'
import { type WalletClient, walletClient } from '../src/index.ts'

const DEEP = process.env.CONSIGN_DEEP === '1'
const SIGNATURES_PER_MAKER = DEEP ? 200 : 2
const TIMEOUT_MS = DEEP ? 3_600_000 : 120_000
const PROGRESS_EVERY = 20

// R ‖ FORS ‖ seven layers, each 35 chains and a path of 9.
const FORS_AT = 16
const LAYERS_AT = FORS_AT + 14 * 13 * 16
const LAYER_BYTES = 44 * 16

let anvil: Anvil
let client: WalletClient
let verifier: Hex

beforeAll(async () => {
  anvil = await startAnvil()
  client = walletClient(anvil.url, developer)
  const hash = await client.deployContract({
    abi: slhDsaVerifierAbi,
    bytecode: slhDsaVerifierBytecode,
    chain: null,
  })
  const { contractAddress } = await client.waitForTransactionReceipt({ hash })
  if (!contractAddress) throw new Error('the verifier was not deployed')
  verifier = contractAddress
})

afterAll(() => anvil.stop())

test('it accepts what node:crypto and noble sign, and refuses every change of it', {
  timeout: TIMEOUT_MS,
}, async () => {
  const numbers = Array.from({ length: SIGNATURES_PER_MAKER }, (_, number) => number)
  const jobs = numbers.flatMap((number) => MAKERS.map((maker) => ({ maker, number })))
  const tally: Record<Maker, number> = { 'node:crypto': 0, noble: 0 }
  let refused = 0
  await signEach(jobs, async (signed, label) => {
    expect(await holds(signed), label).toBe(true)
    if (isDigest(signed)) expect(await holdsAsDigest(signed), label).toBe(true)
    for (const [change, changed] of changesOf(signed, label)) {
      expect(await holds(changed), `${label}: ${change}`).toBe(false)
      refused++
    }
    tally[signed.maker]++
    const done = tally['node:crypto'] + tally.noble
    if (done % PROGRESS_EVERY === 0)
      console.info(`${done} of ${jobs.length} signatures accepted, ${refused} changes refused`)
  })
  expect(tally).toEqual({ 'node:crypto': SIGNATURES_PER_MAKER, noble: SIGNATURES_PER_MAKER })
  expect(refused).toBeGreaterThanOrEqual(DEEP ? 1_000 : 50)
})

type Job = { maker: Maker; number: number }

/** Signs on all cores; each signature is checked while the next one is made. */
async function signEach(jobs: Job[], check: (signed: SignedMessage, label: string) => Promise<void>) {
  const waiting = [...jobs]
  const lanes = Array.from({ length: Math.min(availableParallelism(), jobs.length) }, async () => {
    const worker = new Worker(new URL('./slh-dsa-worker.ts', import.meta.url))
    try {
      for (let job = waiting.shift(); job; job = waiting.shift()) {
        worker.postMessage(job)
        const [signed] = (await once(worker, 'message')) as [SignedMessage]
        await check(signed, `${job.maker} ${job.number}`)
      }
    } finally {
      await worker.terminate()
    }
  })
  await Promise.all(lanes)
}

/** One change of each part; where in the part follows from the label. */
function changesOf(signed: SignedMessage, label: string): [string, SignedMessage][] {
  const { signature, publicKey, message, context } = signed
  const draw = (part: string) => new DataView(expand(`${label} ${part}`, 4).buffer).getUint32(0)
  const inSignature = (part: string, from: number, length: number): [string, SignedMessage] => [
    part,
    { ...signed, signature: flipped(signature, from * 8 + (draw(part) % (length * 8))) },
  ]
  const layers = Array.from({ length: 7 }, (_, layer) =>
    inSignature(`layer ${layer}`, LAYERS_AT + layer * LAYER_BYTES, LAYER_BYTES),
  )
  return [
    inSignature('R', 0, FORS_AT),
    inSignature('FORS', FORS_AT, LAYERS_AT - FORS_AT),
    ...layers,
    ['shorter', { ...signed, signature: signature.subarray(0, -1) }],
    ['longer', { ...signed, signature: Uint8Array.of(...signature, 0) }],
    ['key', { ...signed, publicKey: flipped(publicKey, draw('key') % 256) }],
    ['message', { ...signed, message: flipped(message, draw('message')) }],
    ['context', { ...signed, context: flipped(context, draw('context')) }],
    [
      'border of context and message',
      {
        ...signed,
        context: Uint8Array.of(...context, message[0] ?? 0),
        message: message.subarray(1),
      },
    ],
  ]
}

/** With one bit changed; nothing becomes one zero byte. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.length === 0 ? new Uint8Array(1) : new Uint8Array(bytes)
  if (bytes.length > 0) {
    const place = (bit >>> 3) % bytes.length
    changed[place] = (changed[place] ?? 0) ^ (1 << (bit & 7))
  }
  return changed
}

function isDigest({ message, context }: SignedMessage): boolean {
  return message.length === 32 && context.length === 0
}

function holds({ publicKey, message, context, signature }: SignedMessage): Promise<boolean> {
  const args = [publicKey, message, context, signature].map((bytes) => bytesToHex(bytes))
  return client.readContract({
    address: verifier,
    abi: slhDsaVerifierAbi,
    functionName: 'verifyMessage',
    args: args as [Hex, Hex, Hex, Hex],
  })
}

function holdsAsDigest({ publicKey, message, signature }: SignedMessage): Promise<boolean> {
  return client.readContract({
    address: verifier,
    abi: slhDsaVerifierAbi,
    functionName: 'verify',
    args: [bytesToHex(publicKey), bytesToHex(message), bytesToHex(signature)],
  })
}
