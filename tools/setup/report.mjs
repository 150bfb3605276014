import { spawn } from 'node:child_process'

/** Something the machine lacks: a stable code, and one line that says what is missing and what to do. */
export class SetupFailure extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

/** Progress goes to stderr, so that a program's stdout stays its own. */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`)
}

/** Runs a command quietly; returns its output. Throws with the last lines it printed when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolve(output.trim())
      else reject(new Error(`${command} ${args[0]} ended with ${code}: ${excerpt(output)}`))
    })
  })
}

/** The first lines say what is wrong and the last ones where it ended; what lies between rarely helps. */
function excerpt(output) {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return (lines.length <= 8 ? lines : [...lines.slice(0, 5), '…', ...lines.slice(-2)]).join(' | ')
}
