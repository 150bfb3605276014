// Signs on a thread of its own: a signature takes up to two seconds of one core.
import { parentPort } from 'node:worker_threads'
import { type Maker, signMessage } from '../../../contracts/script/slh-dsa.ts'

parentPort?.on('message', ({ maker, number }: { maker: Maker; number: number }) =>
  parentPort?.postMessage(signMessage(maker, number)),
)
