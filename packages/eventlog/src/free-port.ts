import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Linux draws the ports of outgoing connections from 32768 upwards, macOS from 49152: none of them takes one of these. */
const PORTS = { min: 10_000, max: 32_767 }

/**
 * A TCP port for a server that is yet to start. Nothing listens on it, and no other caller of this function, in whatever process, gets it
 * before this process ends: the server can stop and start again.
 */
export async function freePort({ min, max } = PORTS): Promise<number> {
  for (;;) {
    const port = randomInt(min, max + 1)
    if ((await claim(port)) && (await isUnused(port))) return port
  }
}

/** The UDP port of the same number, which is of no use to anybody else, is the claim: held while this process lives, however it ends. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref()
  return succeeded(once(socket.bind({ port, address: '127.0.0.1', exclusive: true }), 'listening'))
}

async function isUnused(port: number): Promise<boolean> {
  const server = createServer()
  const listens = await succeeded(
    once(server.listen({ port, host: '0.0.0.0', exclusive: true }), 'listening'),
  )
  if (listens) await once(server.close(), 'close')
  return listens
}

async function succeeded(listening: Promise<unknown>): Promise<boolean> {
  try {
    await listening
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  }
}
