/** The process that does the payer's part. */
import {
  agreementAbi,
  openTxJournal,
  publicClient,
  settlementTokenAbi,
  type TxJournal,
  untilAnswered,
} from '@consign/chain'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { loadConfig, startService, step } from '@consign/runtime'
import { privateKeyToAccount } from 'viem/accounts'
import { agreementChain } from './adapters/agreement-chain.ts'
import { onchainChannel } from './adapters/onchain-channel.ts'
import { openRaiden } from './adapters/raiden.ts'
import { configSchema, privateKeyOf } from './config.ts'
import { LIFTED_ERRORS, settledBefore } from './domain/calls.ts'
import { runSettlement } from './service.ts'
import { journalStep } from './steps.ts'

/** One call of channel or contract waits this long for finality; the transaction goes on behind it. */
const CALL_MS_MAX = 120_000

export async function startPayer(): Promise<void> {
  const config = loadConfig(configSchema)

  await startService({
    name: 'settlement',
    config: { metricsPort: config.METRICS_PORT },
    async run({ log: logger, metrics, signal, ready }) {
      const connection = await connectNats({ url: config.NATS_URL, name: 'settlement' })
      const log = await connectEventLog({ nats: connection })
      const client = publicClient(config.RPC_URL)
      const { CHAIN_ID: chainId, TOKEN: token } = config
      const journal: TxJournal = await untilAnswered(
        () =>
          openTxJournal({
            log,
            client,
            account: privateKeyToAccount(privateKeyOf(config)),
            abi: [...settlementTokenAbi, ...agreementAbi],
            chainId,
            finality: config.FINALITY,
            contracts: { TOKEN: token },
            after: (intent) => settledBefore(intent, openKeys(journal)),
            lifted: LIFTED_ERRORS,
            pollMs: config.POLL_MS,
            stuckMs: config.STUCK_MS,
            step: (name) => step(journalStep(name)),
            notices: logger,
          }),
        { signal, notices: logger },
      )
      metrics.gauge<'state'>({
        name: 'consign_settlement_transactions',
        help: 'Transactions of the wallet: waiting (not signed), delayed (last try failed), inFlight, mined (not final)',
        labels: ['state'],
        collect: (gauge) => {
          for (const [state, count] of Object.entries(journal.counts())) gauge.set({ state }, count)
        },
      })
      const onchain = onchainChannel({ journal, client, token, payMsMax: CALL_MS_MAX, signal })
      const chain = agreementChain({
        journal,
        client,
        finality: config.FINALITY,
        callMsMax: CALL_MS_MAX,
        signal,
      })
      const organisation = { wallet: journal.address, chainId, token }
      const settling = runSettlement({
        nats: connection,
        log,
        journal,
        chain,
        openChannel:
          config.PAYMENTS === 'raiden'
            ? openRaiden(config, { client, logger, metrics, step, signal })
            : () => onchain,
        onchain,
        sliceBps: config.SLICE_BPS,
        patienceMs: config.CHANNEL_PATIENCE_MS,
        organisation,
        logger,
        metrics,
        step,
        signal,
        ready,
      })
      await Promise.all([journal.run(signal), settling])
      await connection.drain()
    },
  })
}

function openKeys(journal: TxJournal): string[] {
  return journal.open().map(({ intent }) => intent.key)
}
