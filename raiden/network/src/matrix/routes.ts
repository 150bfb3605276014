/**
 * The part of the Matrix client-server API that raiden-ts 3.1 uses: log in, profile, presence, filter and push rules (accepted, without effect), sync,
 * messages to devices. No rooms, no federation, no history. https://spec.matrix.org/v1.1/client-server-api/
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Address } from 'viem'
import { z } from 'zod'
import type { Accounts } from './accounts.ts'
import type { Inbox } from './inbox.ts'
import type { Presence } from './presence.ts'

/** Below keep-alive limits of what lies between; the SDK asks for 30 s. */
const SYNC_MS_MAX = 30_000

export type Homeserver = {
  accounts: Accounts
  presence: Presence
  inbox: Inbox
  /** Messages whose device is a service's, PATH_FINDING or MONITORING, go here instead of to an inbox; answered when it has resolved. */
  onServiceMessage: (sender: Address, device: string, body: string) => Promise<void>
  /** Ends open syncs. */
  signal: AbortSignal
}

const loginSchema = z.object({
  type: z.literal('m.login.password'),
  identifier: z.object({ user: z.string() }),
  password: z.string(),
  device_id: z.string().max(64).default('RAIDEN'),
})
const nameSchema = z.object({ displayname: z.string().max(200) })
const avatarSchema = z.object({ avatar_url: z.string().max(1000) })
const presenceSchema = z.object({ presence: z.enum(['online', 'offline', 'unavailable']) })
const contentSchema = z.looseObject({ body: z.string() })
const messagesSchema = z.object({ messages: z.record(z.string(), z.record(z.string(), contentSchema)) })
const syncSchema = z.object({
  since: z
    .string()
    .regex(/^s\d{1,16}$/)
    .optional(),
  timeout: z.coerce.number().int().nonnegative().default(0),
})

const SERVICE_DEVICES = new Set(['PATH_FINDING', 'MONITORING'])

/** Registers the routes; matrix-js-sdk 19 asks below r0, later ones below v3. */
export function serveMatrix(server: FastifyInstance, homeserver: Homeserver): void {
  server.get('/_matrix/client/versions', async () => ({ versions: ['r0.6.1', 'v1.1'] }))
  for (const version of ['r0', 'v3']) {
    server.register(
      async (client) => {
        serveLogin(client, homeserver)
        client.register(async (authenticated) => serveAccount(authenticated, homeserver))
      },
      { prefix: `/_matrix/client/${version}` },
    )
  }
}

function serveLogin(client: FastifyInstance, { accounts }: Homeserver): void {
  client.post('/login', async (request) => {
    const { identifier, password, device_id } = loginSchema.parse(request.body)
    const { address, token } = await accounts.logIn(identifier.user, password)
    return { user_id: accounts.userId(address), access_token: token, device_id }
  })
}

function serveAccount(client: FastifyInstance, homeserver: Homeserver): void {
  const { accounts } = homeserver
  const mine = new WeakMap<FastifyRequest, Address>()
  const me = (request: FastifyRequest) => mine.get(request)!
  client.addHook('onRequest', async (request) => {
    mine.set(request, accounts.whoHas(tokenOf(request)))
  })
  client.put('/profile/:user/displayname', async (request) => {
    await accounts.setDisplayName(me(request), nameSchema.parse(request.body).displayname)
    return {}
  })
  client.put('/profile/:user/avatar_url', async (request) => {
    accounts.setAvatarUrl(me(request), avatarSchema.parse(request.body).avatar_url)
    return {}
  })
  client.put('/presence/:user/status', async (request) => {
    accounts.setOnline(me(request), presenceSchema.parse(request.body).presence !== 'offline')
    return {}
  })
  client.post('/user/:user/filter', async () => ({ filter_id: '0' }))
  client.get('/user/:user/filter/:filter', async () => ({}))
  client.get('/pushrules/', async () => ({ global: {} }))
  client.put('/pushrules/:scope/:kind/:rule/enabled', async () => ({}))
  client.get('/sync', (request, reply) => sync(homeserver, me(request), request, reply))
  client.put<{ Params: { type: string; txn: string } }>('/sendToDevice/:type/:txn', async (request) => {
    const { messages } = messagesSchema.parse(request.body)
    await send(homeserver, me(request), request.params, messages)
    return {}
  })
}

/** matrix-js-sdk 19 sends the token in the query, later ones in the header. */
function tokenOf({ headers, query }: FastifyRequest): string {
  const inHeader = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1]
  const { access_token } = query as { access_token?: unknown }
  return inHeader ?? (typeof access_token === 'string' ? access_token : '')
}

async function sync(
  { presence, inbox, signal }: Homeserver,
  address: Address,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const { since, timeout } = syncSchema.parse(request.query)
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const ended = presence.syncing(address)
  reply.raw.once('close', ended)
  const from = Number(since?.slice(1) ?? 0)
  let taken = inbox.take(address, from)
  // Without `since` the node asks where it stands, and is told at once.
  if (taken.events.length === 0 && since !== undefined && timeout > 0) {
    await inbox.wait(address, Math.min(timeout, SYNC_MS_MAX), AbortSignal.any([signal, gone.signal]))
    taken = inbox.take(address, from)
  }
  return { next_batch: `s${taken.nextSince}`, to_device: { events: taken.events } }
}

async function send(
  { accounts, inbox, onServiceMessage }: Homeserver,
  sender: Address,
  { type, txn }: { type: string; txn: string },
  messages: z.output<typeof messagesSchema>['messages'],
): Promise<void> {
  for (const [userId, devices] of Object.entries(messages)) {
    for (const [device, content] of Object.entries(devices)) {
      if (SERVICE_DEVICES.has(device)) {
        await onServiceMessage(sender, device, content.body)
        continue
      }
      // Nobody else's inbox is here: there is no federation, and an unknown account has no one to read it.
      const recipient = accounts.addressOf(userId)
      if (recipient === undefined || accounts.find(recipient) === undefined) continue
      inbox.deliver(recipient, {
        sender: accounts.userId(sender),
        txn: `${txn} ${device}`,
        type,
        content,
      })
    }
  }
}
