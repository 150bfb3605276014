import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.ts'

export type Probes = { port: number; close(): void }

/**
 * Answers `/healthz` (the process runs), `/readyz` (it takes work: 503 until it is ready and while it drains) and `/metrics`.
 * No access control: bind it to where only the monitoring reaches.
 */
export async function listenForProbes(
  port: number,
  host: string,
  metrics: Metrics,
  isReady: () => boolean,
): Promise<Probes> {
  const server = createServer(async (request, response) => {
    const path = request.url?.split('?', 1)[0]
    if (request.method !== 'GET') response.writeHead(405).end()
    else if (path === '/healthz') response.end('ok\n')
    else if (path === '/readyz')
      response.writeHead(isReady() ? 200 : 503).end(isReady() ? 'ok\n' : 'not ready\n')
    else if (path === '/metrics') {
      const { contentType, text } = await metrics.exposition()
      response.writeHead(200, { 'content-type': contentType }).end(text)
    } else response.writeHead(404).end()
  })
  await listening(server, port, host)
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}
