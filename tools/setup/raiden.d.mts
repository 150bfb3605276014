export function findContracts(env: Record<string, string | undefined>, cache: string): Promise<string>
