// A log of its own, and the custody service beside it: a real process, not started yet.
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { startNatsServer } from '@consign/eventlog/testing'
import { type Hex, parseEvent, subjects } from '@consign/events'
import { DEPLOYMENT } from '../src/sample-journey.ts'
import { ServiceProcess } from './service-process.ts'

export type Scene = Awaited<ReturnType<typeof openScene>>

/** `env`: what else the service is told. Close it afterwards. */
export async function openScene(env: Record<string, string> = {}) {
  const server = await startNatsServer()
  const nats = await connectNats({ url: server.url, name: 'test' })
  const log = await connectEventLog({ nats })
  const service = new ServiceProcess({
    NATS_URL: server.url,
    CHAIN_ID: String(DEPLOYMENT.chainId),
    FACTORY: DEPLOYMENT.factory,
    IMPLEMENTATION: DEPLOYMENT.implementation,
    ...env,
  })
  const close = async () => {
    await service.stop()
    await nats.close()
    await server.stop()
  }
  return { natsUrl: server.url, nats, log, service, close }
}

/** What custody has written about an agreement, in order: `packed`, `offered`, … */
export async function toldTypes(log: EventLog, agreement: Hex): Promise<string[]> {
  const found: string[] = []
  for await (const { data } of log.read([subjects.custody(agreement)]))
    found.push(parseEvent(data).type.replace(/^custody\.|\.v1$/g, ''))
  return found
}
