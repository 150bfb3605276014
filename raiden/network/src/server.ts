/** Homeserver and path-finding service on one port of 127.0.0.1. For development only: one process, no federation, no TLS, no payment of services. */
import type { AddressInfo } from 'node:net'
import { Refusal } from '@consign/envelope'
import type { Logger } from '@consign/runtime'
import { type FastifyInstance, fastify } from 'fastify'
import type { Address } from 'viem'
import { ZodError } from 'zod'
import type { RaidenDeployment } from './deployment/record.ts'
import { Accounts } from './matrix/accounts.ts'
import { Inbox } from './matrix/inbox.ts'
import { Presence } from './matrix/presence.ts'
import { serveMatrix } from './matrix/routes.ts'
import { Capacities } from './pfs/capacities.ts'
import { readCapacityUpdate } from './pfs/capacity-update.ts'
import { servePaths } from './pfs/routes.ts'
import type { Store } from './store.ts'

// A node sends 20 messages in one request at most; the largest, a locked transfer with its route, is below 3 KiB.
const BODY_BYTES_MAX = 64 * 1024
// Nodes open a handful each; 64 accounts.
const CONNECTIONS_MAX = 1024
// Above the time that a sync takes, so that no idle connection closes under a request.
const KEEP_ALIVE_MS = 60_000

const STATUS_OF: Record<string, number> = {
  M_FORBIDDEN: 403,
  M_UNKNOWN_TOKEN: 401,
  M_LIMIT_EXCEEDED: 429,
}

export type NetworkServer = { url: string; close(): Promise<void> }

export type NetworkServerOptions = {
  port: number
  deployment: RaidenDeployment
  store: Store
  log: Logger
  clock: () => number
}

/** Listens. The server's name is part of every user id, so a restart must take the same port. */
export async function startNetworkServer(options: NetworkServerOptions): Promise<NetworkServer> {
  const { deployment, store, log, clock } = options
  const server = fastify({
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
  })
  server.server.maxConnections = CONNECTIONS_MAX
  const serverName = () => `127.0.0.1:${(server.server.address() as AddressInfo).port}`
  const url = () => `http://${serverName()}`
  const accounts = new Accounts(store, serverName)
  const presence = new Presence(accounts, clock)
  const capacities = new Capacities(store)
  const end = new AbortController()
  // There is no monitoring service: what is sent to one is dropped.
  async function onServiceMessage(sender: Address, device: string, body: string): Promise<void> {
    for (const line of device === 'PATH_FINDING' ? body.split('\n') : []) {
      const update = await readCapacityUpdate(line, { chainId: deployment.chainId, sender })
      if (update !== undefined && !capacities.update(update)) log.debug({ sender }, 'an older capacity')
    }
  }
  answerErrors(server, log)
  serveMatrix(server, {
    accounts,
    presence,
    inbox: new Inbox(store, clock()),
    onServiceMessage,
    signal: end.signal,
  })
  servePaths(server, { deployment, accounts, presence, capacities, matrixUrl: url })
  await server.listen({ host: '127.0.0.1', port: options.port })
  return {
    url: url(),
    async close() {
      end.abort()
      await server.close()
    },
  }
}

/** Errors as Matrix has them: a stable `errcode`, one line. */
function answerErrors(server: FastifyInstance, log: Logger): void {
  server.setNotFoundHandler((request, reply) => {
    log.debug({ method: request.method, path: request.url.split('?', 1)[0] }, 'not served')
    reply.code(404).send({ errcode: 'M_UNRECOGNIZED', error: 'this development server does not serve that' })
  })
  server.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
    const answer = (status: number, errcode: string, text: string) =>
      reply.code(status).send({ errcode, error: text })
    if (error instanceof Refusal) return answer(STATUS_OF[error.code] ?? 400, error.code, error.message)
    if (error instanceof ZodError) return answer(400, 'M_BAD_JSON', error.issues[0]?.message ?? 'invalid')
    if (error.statusCode !== undefined && error.statusCode < 500)
      return answer(error.statusCode, error.statusCode === 413 ? 'M_TOO_LARGE' : 'M_NOT_JSON', error.message)
    log.error({ err: error }, 'unexpected error')
    return answer(500, 'M_UNKNOWN', 'unexpected error; see the log')
  })
}
