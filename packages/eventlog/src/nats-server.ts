import { type ChildProcess, spawn } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from './free-port.ts'

export type NatsServerOptions = {
  /** Holds config, store and log; default a new one in the temporary directory, removed by stop(). */
  dir?: string
  /** Default a free one; kept over restarts. */
  port?: number
  websocketPort?: number
  /** fsync before each acknowledgement: stored means stored through a power loss. Default false. */
  syncAlways?: boolean
}

export type NatsServer = {
  url: string
  port: number
  dir: string
  /** The program's process id while it runs. */
  pid: () => number | undefined
  /** SIGTERM, then waits for the end. Removes a directory that it made itself. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts again with the same config and store; kills first when it still runs. */
  restart(): Promise<void>
}

const READY_MS_MAX = 20_000

/** A real nats-server with JetStream on 127.0.0.1, ready when this resolves. Its log is `nats.log` in its directory. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'consign-nats-'))
  const port = options.port ?? (await freePort())
  mkdirSync(dir, { recursive: true })
  const configFile = join(dir, 'nats.conf')
  writeFileSync(configFile, configText(dir, port, options), { mode: 0o600 })
  let child = await launch(configFile, port)

  const removeDir = () => {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true })
  }
  process.once('exit', removeDir)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    dir,
    pid: () => child.pid,
    stop: async () => {
      await end('SIGTERM')
      process.removeListener('exit', removeDir)
      removeDir()
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGKILL')
      child = await launch(configFile, port)
    },
  }
}

/** Config-file form with newlines: nats-server does not parse these blocks on one line. */
function configText(dir: string, port: number, { websocketPort, syncAlways }: NatsServerOptions): string {
  const websocket =
    websocketPort === undefined
      ? []
      : ['websocket {', '  host: 127.0.0.1', `  port: ${websocketPort}`, '  no_tls: true', '}']
  const lines = [
    'host: 127.0.0.1',
    `port: ${port}`,
    `log_file: ${JSON.stringify(join(dir, 'nats.log'))}`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(join(dir, 'store'))}`,
    ...(syncAlways ? ['  sync_interval: always'] : []),
    '}',
    ...websocket,
  ]
  return `${lines.join('\n')}\n`
}

async function launch(configFile: string, port: number): Promise<ChildProcess> {
  const child = spawn(natsServerBinary(), ['-c', configFile], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  child.stderr?.on('data', (text) => {
    complaint += text
  })
  // A test run that is interrupted must not leave a server behind.
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  child.once('exit', () => process.removeListener('exit', killWithUs))
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`nats-server ended with ${code}: ${complaint.trim()}`)))
  })
  failed.catch(() => {})
  await Promise.race([greeting(port), failed])
  return child
}

/** A server that greets (INFO) takes connections. */
async function greeting(port: number): Promise<void> {
  const end = performance.now() + READY_MS_MAX
  for (;;) {
    const greeted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.setTimeout(1_000, () => socket.destroy())
      socket.once('data', () => {
        resolve(true)
        socket.destroy()
      })
      socket.once('error', () => {})
      socket.once('close', () => resolve(false))
    })
    if (greeted) return
    if (performance.now() > end) throw new Error(`nats-server does not listen on port ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** CONSIGN_NATS_SERVER, else the newest that set-up has put into the project's cache, else PATH. */
export function natsServerBinary(env: NodeJS.ProcessEnv = process.env): string {
  if (env.CONSIGN_NATS_SERVER) return env.CONSIGN_NATS_SERVER
  const cache = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'consign')
  const onPath = (env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'nats-server'))
  const found = [...cachedBinaries(cache), ...onPath].find(isExecutable)
  if (found === undefined) throw new Error('no nats-server: run `npm run setup`, or set CONSIGN_NATS_SERVER')
  return found
}

/** `nats-server-2.14.10` comes before `nats-server-2.14.9`. */
function cachedBinaries(cache: string): string[] {
  const names = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith('nats-server')) : []
  const newestFirst = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true })
  return names.sort(newestFirst).map((name) => join(cache, name))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
