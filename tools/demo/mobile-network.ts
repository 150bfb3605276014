import { connect, createServer, type Socket } from 'node:net'

export type MobileNetwork = {
  port: number
  /** Bytes that the device has sent, TLS handshakes included. */
  bytesUp(): number
  cut(): void
  restore(): void
  close(): Promise<void>
}

/** A TCP link on 127.0.0.1 between device and ingest that can be cut: open connections break, new ones are refused. */
export async function startMobileNetwork(targetPort: number): Promise<MobileNetwork> {
  const open = new Set<Socket>()
  let isCut = false
  let bytesUp = 0
  const server = createServer((device) => {
    if (isCut) return void device.destroy()
    const ingest = connect(targetPort, '127.0.0.1')
    device.on('data', (chunk) => {
      bytesUp += chunk.length
    })
    for (const [from, to] of [
      [device, ingest],
      [ingest, device],
    ] as const) {
      open.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the link has no port')
  const breakAll = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: address.port,
    bytesUp: () => bytesUp,
    cut() {
      isCut = true
      breakAll()
    },
    restore() {
      isCut = false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        breakAll()
      }),
  }
}
