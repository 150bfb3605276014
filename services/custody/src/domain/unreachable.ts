export function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`)
}
