import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'

// Every file that the portable entry reaches through imports of our own packages.
function reachable(from: URL, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(from.href)) return seen
  const source = readFileSync(from, 'utf8')
  seen.set(from.href, source)
  for (const [, specifier] of source.matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
    if (specifier?.startsWith('.')) reachable(new URL(specifier, from), seen)
    if (specifier?.startsWith('@consign/')) reachable(new URL(import.meta.resolve(specifier)), seen)
  }
  return seen
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.resetModules()
})

describe('the portable entry', () => {
  it('imports no node: module and uses no Buffer, however deep', () => {
    const files = reachable(new URL('./portable.ts', import.meta.url))
    expect([...files.keys()].some((file) => file.endsWith('merkle/src/sha256.ts'))).toBe(true)
    expect([...files.keys()].some((file) => file.endsWith('envelope/src/receipt.ts'))).toBe(true)
    const offenders = [...files].filter(([, source]) =>
      /from 'node:|import\('node:|Buffer\.(from|alloc|concat)/.test(source),
    )
    expect(offenders.map(([file]) => file)).toEqual([])
  })

  it('verifies what a device signed where there is no node:crypto', async () => {
    vi.resetModules()
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never)
    const { fromHex, parseEnvelope, portable, verifyEnvelope } = await import('./portable.ts')
    const { keys, envelopes } = JSON.parse(
      readFileSync(new URL('../vectors/envelopes.json', import.meta.url), 'utf8'),
    )
    const { p256X, p256Y, mlDsaKey, slhDsaKey } = keys.leg0
    const legKeys = {
      p256: fromHex(p256X + p256Y.slice(2)),
      mlDsa: fromHex(mlDsaKey),
      slhDsa: fromHex(slhDsaKey),
    }
    const envelope = parseEnvelope(fromHex(envelopes[0].wire))
    await verifyEnvelope(portable, legKeys, envelope)
    expect(envelope.digest).toEqual(fromHex(envelopes[0].digest))
    const broken = { ...envelope, digest: new Uint8Array(32) }
    await expect(verifyEnvelope(portable, legKeys, broken)).rejects.toMatchObject({
      code: 'envelope.signature.mlDsa',
    })
  })

  it('exports all that the other entry does, but for node:crypto and sessions', async () => {
    const entries = [await import('./index.ts'), await import('./portable.ts')] as const
    const [index, portable] = entries.map((entry) => new Set(Object.keys(entry))) as [
      Set<string>,
      Set<string>,
    ]
    expect([...index.difference(portable)].sort()).toEqual([
      'SESSION_PRIVATE_KEY_BYTES',
      'SESSION_PUBLIC_KEY_BYTES',
      'generateSessionKey',
      'isHello',
      'native',
      'openReceiverSession',
      'openSenderSession',
    ])
    expect([...portable.difference(index)].sort()).toEqual(['portable', 'portableProvider'])
  })
})
