import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  LABEL_TESTCONTAINERS_SESSION_ID,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from 'testcontainers'
import { freePort, natsServerBinary } from '../src/testing.ts'

// Its image is on a registry that not every machine reaches. The remover at the end of this file does its work.
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'

export const NODES = ['n1', 'n2', 'n3'] as const
export type NodeName = (typeof NODES)[number]

export type NatsCluster = {
  /** All three, comma separated; each keeps its port over a restart. */
  url: string
  /** kill -9; resolves when the node is gone. What it had on disk stays. */
  kill(node: NodeName): Promise<void>
  start(node: NodeName): Promise<void>
  /** Removes containers, network and image. */
  stop(): Promise<void>
}

/** Why there can be no cluster on this machine, and what to do about it; undefined when there can. */
export async function whyNoCluster(): Promise<string | undefined> {
  if (process.platform !== 'linux')
    return `a container cannot run the nats-server of ${process.platform}: run this test on Linux`
  try {
    await getContainerRuntimeClient()
    return undefined
  } catch {
    return 'no Docker engine answers: install Docker (on Debian the package docker.io), start it, and let this user reach its socket'
  }
}

/** Three nats-server nodes with JetStream, each in a container, fsync before each acknowledgement. They may still elect a leader. */
export async function startNatsCluster(): Promise<NatsCluster> {
  const client = await getContainerRuntimeClient()
  const { sessionId } = await getReaper(client)
  const removeAll = startRemover(sessionId)
  try {
    const image = await buildImage()
    const network = await new Network().start()
    const ports = [await freePort(), await freePort(), await freePort()]
    const started = await Promise.all(
      NODES.map(async (node, i) => [node, await startNode(image, network, node, ports[i] ?? 0)] as const),
    )
    const nodes = new Map<NodeName, StartedTestContainer>(started)
    const container = (node: NodeName) => client.container.getById(nodes.get(node)?.getId() ?? node)
    return {
      url: started.map(([, node], i) => `nats://${node.getHost()}:${ports[i]}`).join(','),
      kill: async (node) => {
        await container(node).kill({ signal: 'SIGKILL' })
        await container(node).wait()
      },
      start: (node) => container(node).start(),
      stop: removeAll,
    }
  } catch (error) {
    await removeAll()
    throw error
  }
}

/** The server is static and needs nothing around it, so no base image has to be pulled. */
async function buildImage(): Promise<string> {
  const context = mkdtempSync(join(tmpdir(), 'consign-image-'))
  try {
    copyFileSync(natsServerBinary(), join(context, 'nats-server'))
    const dockerfile = ['FROM scratch', 'COPY nats-server /nats-server', 'ENTRYPOINT ["/nats-server"]']
    writeFileSync(join(context, 'Dockerfile'), `${dockerfile.join('\n')}\n`)
    const image = `consign/nats-server-test:${process.pid}`
    await GenericContainer.fromDockerfile(context).build(image)
    return image
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

function startNode(
  image: string,
  network: StartedNetwork,
  node: NodeName,
  port: number,
): Promise<StartedTestContainer> {
  return new GenericContainer(image)
    .withCommand(['-c', '/nats.conf'])
    .withCopyContentToContainer([{ content: configText(node), target: '/nats.conf' }])
    .withNetwork(network)
    .withNetworkAliases(node)
    .withExposedPorts({ container: 4222, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start()
}

function configText(node: NodeName): string {
  const lines = [
    `server_name: ${node}`,
    'listen: 0.0.0.0:4222',
    'jetstream {',
    '  store_dir: /store',
    '  sync_interval: always',
    '}',
    'cluster {',
    '  name: consign',
    '  listen: 0.0.0.0:6222',
    // Addresses inside the Docker network change with a restart: clients keep to the ports of the host.
    '  no_advertise: true',
    `  routes: [${NODES.map((each) => `nats-route://${each}:6222`).join(', ')}]`,
    '}',
  ]
  return `${lines.join('\n')}\n`
}

/** The remover is a process of its own, so that nothing stays behind when the test is interrupted or killed. */
function startRemover(sessionId: string): () => Promise<void> {
  const remover = spawn(process.execPath, [fileURLToPath(import.meta.url), sessionId], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  })
  const complaint = text(remover.stderr)
  const ended = new Promise<number | null>((resolve) => remover.once('exit', resolve))
  return async () => {
    remover.stdin.end()
    if ((await ended) !== 0) throw new Error(`cannot remove the containers: ${await complaint}`)
  }
}

async function removeSession(sessionId: string): Promise<void> {
  const { dockerode } = (await getContainerRuntimeClient()).container
  const filters = { label: [`${LABEL_TESTCONTAINERS_SESSION_ID}=${sessionId}`] }
  for (const { Id } of await dockerode.listContainers({ all: true, filters }))
    await dockerode.getContainer(Id).remove({ force: true, v: true })
  for (const { Id } of await dockerode.listNetworks({ filters })) await dockerode.getNetwork(Id).remove()
  for (const { Id } of await dockerode.listImages({ filters }))
    await dockerode.getImage(Id).remove({ force: true })
}

if (import.meta.main) {
  // Ends when the test says so, and when its process does, however that came about.
  await text(process.stdin)
  await removeSession(process.argv[2] ?? '')
}
