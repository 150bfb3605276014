// A process with a transaction journal, to be killed: submits its notes and ends when all of them are final.
// Environment: NATS_URL, RPC_URL, KEY (play money), NOTES, KILL_AT (`step` or `step#2` for the second time).
import { connectEventLog, connectNats } from '@consign/eventlog'
import { privateKeyToAccount } from 'viem/accounts'
import { agreementFactoryAbi, openTxJournal, publicClient } from '../src/index.ts'
import { noteIntent } from './notes.ts'

const { NATS_URL, RPC_URL, KEY, NOTES, KILL_AT = '' } = process.env as Record<string, string>
const [killAt, killTime = '1'] = KILL_AT.split('#')
let seen = 0

const log = await connectEventLog({ nats: await connectNats({ url: NATS_URL!, name: 'journal-test' }) })
const journal = await openTxJournal({
  log,
  account: privateKeyToAccount(KEY as `0x${string}`),
  client: publicClient(RPC_URL!),
  abi: agreementFactoryAbi,
  finality: 'mined',
  pollMs: 20,
  step(name) {
    if (name === killAt && ++seen === Number(killTime)) process.kill(process.pid, 'SIGKILL')
  },
})
const stop = new AbortController()
const running = journal.run(stop.signal)
const notes = Array.from({ length: Number(NOTES) }, (_, number) => noteIntent(number))
await Promise.all(notes.map((note) => journal.submit(note)))
await Promise.all(notes.map(({ key }) => journal.outcome(key, stop.signal)))
stop.abort()
await running
process.exit(0)
