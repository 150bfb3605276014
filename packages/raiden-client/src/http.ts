/** One bounded request to a Raiden node, and what its status codes mean. */
import { Refusal } from '@consign/envelope'

export type HttpOptions = {
  /** Of the node, with or without `/api/v1`, such as http://127.0.0.1:5001 */
  url: string
  /** Ends every request: the process shall stop. */
  signal?: AbortSignal | undefined
}

export type Request = {
  method?: 'GET' | 'PUT' | 'PATCH' | 'POST'
  path: string
  body?: Record<string, string | undefined>
  timeoutMs: number
}

// A node's messages are a line or two; more would only fill logs.
const MESSAGE_LENGTH_MAX = 300

/**
 * The JSON of an answer 2xx. Throws Refusal:
 * 'channel.unreachable' (retry): no answer in time, or none that is HTTP; what was asked for may have happened
 * 'channel.syncing' (retry): 502 or 503; 'channel.fault' (retry): another 5xx; it may have happened
 * 'channel.tokens' (retry): 402, tokens or ether are lacking
 * 'channel.path' (retry): 409 that names routes or a target offline; 'channel.conflict': another 409
 * 'channel.missing': 404; 'channel.request': another 4xx
 */
export async function request({ url, signal }: HttpOptions, asked: Request): Promise<unknown> {
  const { method = 'GET', path, body, timeoutMs } = asked
  const what = `${method} ${path}`
  const ends = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(`${baseOf(url)}${path}`, {
      method,
      signal: signal === undefined ? ends : AbortSignal.any([signal, ends]),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    if (!response.ok) throw refused(what, response.status, text)
    return parsed(what, text)
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    const reason = ends.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause)
    throw new Refusal('channel.unreachable', `Raiden node ${url}, ${what}: ${reason}`, { cause, retry: true })
  }
}

function baseOf(url: string): string {
  const trimmed = url.replace(/\/+$/, '')
  return trimmed.endsWith('/api/v1') ? trimmed : `${trimmed}/api/v1`
}

function parsed(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Refusal('channel.shape', `${what}: the answer is not JSON; is that URL a Raiden node?`, {
      cause,
    })
  }
}

function refused(what: string, status: number, text: string): Refusal {
  const message = messageOf(text)
  const [code, retry] = meaningOf(status, message)
  return new Refusal(code, `Raiden node, ${what}: ${status} ${message}`, { retry })
}

function meaningOf(status: number, message: string): [code: string, retry: boolean] {
  if (status === 502 || status === 503) return ['channel.syncing', true]
  if (status >= 500) return ['channel.fault', true]
  if (status === 402) return ['channel.tokens', true]
  // Neither node has a code for it: these are the words of the Python node, of the light client and of path-finding services.
  if (
    status === 409 &&
    /\b(routes?|paths?|path-?finding|offline|no user found|receive transfers)\b/i.test(message)
  )
    return ['channel.path', true]
  if (status === 409) return ['channel.conflict', false]
  if (status === 404) return ['channel.missing', false]
  return ['channel.request', false]
}

// The Python node says {"errors": text or object}, TypeScript ones {"message": text} or plain text.
function messageOf(text: string): string {
  let said: unknown = text
  try {
    const json = JSON.parse(text) as { errors?: unknown; message?: unknown } | null
    said = json?.errors ?? json?.message ?? text
  } catch {
    // Plain text.
  }
  const line = (typeof said === 'string' ? said : JSON.stringify(said)).replace(/\s+/g, ' ').trim()
  return line.length > MESSAGE_LENGTH_MAX ? `${line.slice(0, MESSAGE_LENGTH_MAX)}…` : line
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: NodeJS.ErrnoException }
  return cause?.code ?? cause?.message ?? (error as Error).message
}
