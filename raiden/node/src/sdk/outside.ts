/**
 * What a Raiden node depends on, asked directly: the Ethereum node, the Matrix homeserver, the path-finding service. The SDK retries for
 * itself but says nothing of it; and it gives up when one is away while it starts, so it is started only when all answer.
 */
export type Dependency = 'rpc' | 'homeserver' | 'pfs'
export type Endpoints = { rpcUrl: string; chainId: number; matrixUrl: string; pfsUrl: string }

const ANSWER_MS_MAX = 3_000

/** One line for each that does not answer, or not as it should; empty when all is well. */
export async function missingDependencies(
  { rpcUrl, chainId, matrixUrl, pfsUrl }: Endpoints,
  ask: typeof fetch = fetch,
): Promise<Map<Dependency, string>> {
  const json = async (url: string, init?: RequestInit): Promise<Record<string, unknown>> => {
    const response = await ask(url, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    if (!response.ok) throw new Error(`answers ${response.status}`)
    return (await response.json()) as Record<string, unknown>
  }
  const checks: Record<Dependency, () => Promise<void>> = {
    async rpc() {
      const { result } = await json(rpcUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }),
      })
      if (Number(result) !== chainId) throw new Error(`is on chain ${Number(result)}, not ${chainId}`)
    },
    async homeserver() {
      await json(new URL('/_matrix/client/versions', matrixUrl).href)
    },
    async pfs() {
      await json(new URL('/api/v1/info', pfsUrl).href)
    },
  }
  const missing = new Map<Dependency, string>()
  await Promise.all(
    Object.entries(checks).map(([name, check]) =>
      check().catch((error: Error) => missing.set(name as Dependency, `${name} ${reasonOf(error)}`)),
    ),
  )
  return missing
}

function reasonOf(error: Error): string {
  if (error.message.startsWith('answers') || error.message.startsWith('is on')) return error.message
  return 'does not answer'
}
