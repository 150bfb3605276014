import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { startNatsServer } from '@consign/eventlog/testing'
import type { Hex } from '@consign/events'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { startWorld } from '../../../packages/chain/test/world.ts'

export type Stage = Awaited<ReturnType<typeof openStage>>

/** A chain, a log, and the settings of a chain-writer with ether; `settings` come on top. Close it afterwards. */
export async function openStage(settings: Record<string, string>, key: Hex = generatePrivateKey()) {
  const [world, nats] = await Promise.all([startWorld(), startNatsServer()])
  const connection = await connectNats({ url: nats.url, name: 'test' })
  const log = await connectEventLog({ nats: connection })
  const writer = privateKeyToAddress(key).toLowerCase() as Hex
  await world.giveEther(writer)
  const dir = mkdtempSync(join(tmpdir(), 'consign-chain-writer-'))
  const keyFile = join(dir, 'writer-key')
  writeFileSync(keyFile, key, { mode: 0o600 })
  const { anvil, deployment } = world
  const env: Record<string, string> = {
    NATS_URL: nats.url,
    RPC_URL: anvil.url,
    CHAIN_ID: String(deployment.chainId),
    WRITER_KEY_FILE: keyFile,
    FACTORY: deployment.factory,
    ANCHOR_LOG: deployment.anchorLog,
    FINALITY: 'mined',
    // By the clock of this machine the sample's goods are lost.
    CLOSE_LOST_MS: 'never',
    POLL_MS: '50',
    // Only the end of a leg anchors.
    ANCHOR_MS: '3600000',
    ...settings,
  }
  return {
    ...{ world, nats, log, writer, env },
    async close(): Promise<void> {
      await connection.close()
      await Promise.all([anvil.stop(), nats.stop()])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
