import { connectEventLog, connectNats } from '../src/index.ts'
import { startNatsServer } from '../src/testing.ts'
import { eventLogContract } from './contract.ts'

eventLogContract('event log in JetStream', async () => {
  const server = await startNatsServer()
  const nats = await connectNats({ url: server.url, name: 'contract' })
  const close = async () => {
    await nats.close()
    await server.stop()
  }
  return { log: await connectEventLog({ nats }), close }
})
