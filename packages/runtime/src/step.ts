/**
 * Boundaries of a process's work, named so that tests can end it exactly there: with CONSIGN_KILL_AT=name the process sends itself
 * SIGKILL when it reaches the step, with CONSIGN_KILL_AT=name#3 when it reaches it the third time.
 */
export const step: (name: string) => void = stepper(process.env.CONSIGN_KILL_AT, () =>
  process.kill(process.pid, 'SIGKILL'),
)

export function stepper(killAt: string | undefined, kill: () => void): (name: string) => void {
  if (!killAt) return () => {}
  const [target, times = '1'] = killAt.split('#', 2)
  let left = Number(times)
  if (!Number.isInteger(left) || left < 1)
    throw new TypeError(`CONSIGN_KILL_AT="${killAt}" must read name or name#count`)
  return (name) => {
    if (name === target && --left === 0) kill()
  }
}
