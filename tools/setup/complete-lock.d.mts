type Lock = { packages: Record<string, { optionalDependencies?: Record<string, string>; dev?: boolean }> }
export function missingEntries(lock: Lock): [path: string, entry: Record<string, unknown>][]
