/**
 * A map that is never changed, only followed by a newer one, as pure deciders need: a journal keeps every key for ever, so copying all of it
 * for each event would be quadratic. 1024 shards: at 100,000 keys an event copies 1024 pointers and about 100 entries.
 */

const SHARDS = 1024

/** Immutable map from string keys; `with` gives the next one and shares all shards but one. */
export class KeyedIndex<V> {
  readonly #shards: readonly (ReadonlyMap<string, V> | undefined)[]
  readonly size: number

  private constructor(shards: readonly (ReadonlyMap<string, V> | undefined)[], size: number) {
    this.#shards = shards
    this.size = size
  }

  static empty<V>(): KeyedIndex<V> {
    return new KeyedIndex<V>(new Array(SHARDS).fill(undefined), 0)
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key)
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]?.has(key) ?? false
  }

  with(key: string, value: V): KeyedIndex<V> {
    const at = shardOf(key)
    const shard = new Map(this.#shards[at])
    shard.set(key, value)
    const shards = this.#shards.slice()
    shards[at] = shard
    return new KeyedIndex(shards, this.has(key) ? this.size : this.size + 1)
  }

  *values(): Generator<V> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values()
  }
}

// FNV-1a, 32 bits: spreads keys that differ only in their last digits.
function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % SHARDS
}
