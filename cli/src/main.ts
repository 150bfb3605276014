#!/usr/bin/env node
/** consign: every step of the contracts by hand, and the payment channels. Exit 0 done, 1 the chain or the Raiden node refused or did not answer, 2 the input is wrong. */
import { styleText } from 'node:util'
import { Refusal } from '@consign/envelope'
import own from '../package.json' with { type: 'json' }
import { COMMANDS } from './commands.ts'
import { contextOf } from './context.ts'
import { helpData, helpFor } from './help.ts'
import { readInvocation } from './invocation.ts'
import { explained, RefusedCall } from './refused-call.ts'
import { machineReadable } from './written.ts'

const CALL_REFUSED = 1
const INPUT_WRONG = 2

async function main(args: readonly string[]): Promise<void> {
  const invocation = readInvocation(args, COMMANDS, process.env)
  if (invocation.kind === 'version') {
    const { version } = own
    process.stdout.write(`${invocation.json ? machineReadable({ version }) : `consign ${version}`}\n`)
    return
  }
  if (invocation.kind === 'help') {
    const { words, json } = invocation
    const shown = json ? machineReadable(helpData(words, COMMANDS)) : helpFor(words, COMMANDS)
    process.stdout.write(`${shown}\n`)
    return
  }
  const { command, common, values } = invocation
  const report = await command.run(contextOf(common, progress), values)
  process.stdout.write(`${common.json ? machineReadable(report.data) : report.lines.join('\n')}\n`)
}

function progress(line: string): void {
  process.stderr.write(`${styleText('dim', line, { stream: process.stderr })}\n`)
}

function fail(error: unknown): void {
  const refused = error instanceof Refusal ? error : (explained(error) ?? error)
  if (!(refused instanceof Refusal) && !(refused instanceof RefusedCall)) throw error
  const { code, message } = refused
  process.exitCode = refused instanceof Refusal ? INPUT_WRONG : CALL_REFUSED
  const line = process.argv.includes('--json')
    ? JSON.stringify({ error: { code, message } })
    : `${styleText('red', 'consign', { stream: process.stderr })}: ${message} [${code}]`
  process.stderr.write(`${line}\n`)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  fail(error)
}
