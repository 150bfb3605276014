/** Makes the compiler check that a switch names every case, and fails loudly on data that slipped past it. */
export function unreachable(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
