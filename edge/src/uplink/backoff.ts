export const RETRY_MS_MIN = 250
export const RETRY_MS_MAX = 30_000

/**
 * How long to wait before connection attempt `failures + 1`: doubles from a quarter of a second up to half a minute, times 0.5 to 1, so that
 * devices that lost the same network do not come back at the same moment. `random` in [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 16))
  return Math.round(ceiling * (0.5 + random / 2))
}
