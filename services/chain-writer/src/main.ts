import { openTxJournal, publicClient, type TxJournal, untilAnswered } from '@consign/chain'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { loadConfig, startService, step } from '@consign/runtime'
import { privateKeyToAccount } from 'viem/accounts'
import { configSchema, privateKeyOf } from './config.ts'
import { LIFTED_ERRORS, settledBefore } from './domain/calls.ts'
import { CALLED_ABI, runChainWriter } from './service.ts'
import { journalStep } from './steps.ts'

const config = loadConfig(configSchema)

await startService({
  name: 'chain-writer',
  config: { metricsPort: config.METRICS_PORT },
  async run({ log: logger, metrics, signal, ready }) {
    const connection = await connectNats({ url: config.NATS_URL, name: 'chain-writer' })
    const log = await connectEventLog({ nats: connection })
    const { CHAIN_ID: chainId, FACTORY: factory } = config
    const client = publicClient(config.RPC_URL)
    const journal: TxJournal = await untilAnswered(
      () =>
        openTxJournal({
          log,
          client,
          account: privateKeyToAccount(privateKeyOf(config)),
          abi: CALLED_ABI,
          chainId,
          finality: config.FINALITY,
          contracts: { FACTORY: factory, ANCHOR_LOG: config.ANCHOR_LOG },
          after: (intent) => settledBefore(intent, journal.open()),
          lifted: LIFTED_ERRORS,
          pollMs: config.POLL_MS,
          stuckMs: config.STUCK_MS,
          step: (name) => step(journalStep(name)),
          notices: logger,
        }),
      { signal, notices: logger },
    )
    metrics.gauge<'state'>({
      name: 'consign_chain_writer_transactions',
      help: 'Transactions of the wallet: waiting (not signed), delayed (last try failed), inFlight, mined (not final), known (ever)',
      labels: ['state'],
      collect: (gauge) => {
        for (const [state, count] of Object.entries(journal.counts())) gauge.set({ state }, count)
      },
    })
    const writing = runChainWriter({
      log,
      journal,
      place: { factory, chainId },
      anchorLog: config.ANCHOR_LOG,
      policy: { anchorMs: config.ANCHOR_MS, envelopesMax: config.ANCHOR_ENVELOPES_MAX },
      client,
      contestPollMs: config.CONTEST_POLL_MS,
      finality: config.FINALITY,
      watchPollMs: config.WATCH_POLL_MS,
      closeLostMs: config.CLOSE_LOST_MS,
      logger,
      metrics,
      step,
      signal,
      ready,
    })
    await Promise.all([journal.run(signal), writing])
    await connection.drain()
  },
})
