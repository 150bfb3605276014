import type { MsgHdrs } from '@nats-io/nats-core'

const NONE: Record<string, string> = Object.freeze({})

/** First value of each header that the sender set; what the server adds (`Nats-…`) is left out. */
export function plainHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  if (headers === undefined) return NONE
  const plain: Record<string, string> = {}
  for (const [name, values] of headers) if (!name.startsWith('Nats-')) plain[name] = values[0] ?? ''
  return plain
}
