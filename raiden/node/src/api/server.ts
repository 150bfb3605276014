/**
 * Raiden's REST API v1 over HTTP. Every error is `{ errors, code }`: `errors` as Raiden documents it, `code` stable. There is no access
 * control, as in Raiden: it listens on the loopback interface, and refuses what a web page of another origin could send there.
 */
import { isIPv4, isIPv6 } from 'node:net'
import type { Logger } from '@consign/runtime'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { refusalOf } from '../sdk/refusals.ts'
import { channelRoutes } from './channel-routes.ts'
import { connectionRoutes } from './connection-routes.ts'
import type { ApiContext } from './context.ts'
import { nodeRoutes } from './node-routes.ts'
import { paymentRoutes } from './payment-routes.ts'
import { pendingTransferRoutes } from './pending-transfer-routes.ts'
import { ApiRefusal } from './refusal.ts'
import { tokenRoutes } from './token-routes.ts'
import { userDepositRoutes } from './user-deposit-routes.ts'

/** The longest request is a payment with 20 static paths of 20 hops: 20 × 20 × 150 B is 60 kB. */
const BODY_BYTES_MAX = 65_536
export const API_PREFIX = '/api/v1'

export type ApiOptions = ApiContext & { log: Logger; host: string }

export function createApi(options: ApiOptions): FastifyInstance {
  const { log, host, metrics } = options
  // A payment answers after its lock's time at the latest, work on the chain after ON_CHAIN_MS_MAX: no timeout of the server's own.
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100 },
  })
  parseJson(app)
  app.addHook('onRequest', async (request) => refuseForeign(request, isLoopback(host)))
  app.setNotFoundHandler(async () => {
    throw new ApiRefusal(404, 'raiden.no_endpoint', 'invalid endpoint')
  })
  app.setErrorHandler((error, request, reply) => {
    const refusal = requestRefusal(error) ?? refusalOf(error)
    const { status, code, errors, secretHash } = refusal
    if (status === 500) log.error({ err: refusal.cause ?? error, method: request.method }, 'a request failed')
    void reply.code(status).send({ errors, code, ...(secretHash ? { secret_hash: secretHash } : {}) })
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics.exposition()
    return reply.type(contentType).send(text)
  })
  const routes = [
    nodeRoutes,
    tokenRoutes,
    channelRoutes,
    paymentRoutes,
    pendingTransferRoutes,
    connectionRoutes,
    userDepositRoutes,
  ]
  void app.register(
    async (api) => {
      for (const add of routes) add(api, options)
    },
    { prefix: API_PREFIX },
  )
  return app
}

/** An empty body is no body, whatever its type says: Raiden's own examples send DELETE and PUT so. */
function parseJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    if (text === '') return done(null, undefined)
    try {
      done(null, JSON.parse(String(text)))
    } catch {
      done(new ApiRefusal(400, 'raiden.malformed', 'The body is not valid JSON.'), undefined)
    }
  })
}

/**
 * A browser names the origin of a page with what the page sends; no page has business here. And when the API is on the loopback interface,
 * its own name is too: a page whose name was turned to 127.0.0.1 (DNS rebinding) calls it by that name.
 */
function refuseForeign(request: FastifyRequest, isOnLoopback: boolean): void {
  if (request.headers.origin !== undefined)
    throw new ApiRefusal(403, 'raiden.origin', 'Requests of web pages are refused.')
  const name = request.hostname.replace(/^\[|\]$/g, '')
  if (isOnLoopback && !isLoopback(name))
    throw new ApiRefusal(403, 'raiden.origin', 'This API is called by a loopback address or localhost only.')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIPv4(host) && host.startsWith('127.')) || (isIPv6(host) && host === '::1')
}

/** What fastify itself refuses. */
function requestRefusal(error: unknown): ApiRefusal | undefined {
  if (error instanceof ApiRefusal) return error
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ApiRefusal(413, 'raiden.too_large', `The body is larger than ${BODY_BYTES_MAX} bytes.`)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new ApiRefusal(400, 'raiden.malformed', 'JSON payload expected')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ApiRefusal(400, 'raiden.malformed', (error as Error).message)
  return undefined
}
