export function unreachable(never: never): never {
  throw new Error(`not reachable: ${JSON.stringify(never)}`)
}
