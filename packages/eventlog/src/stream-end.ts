import type { JetStreamManager } from '@nats-io/jetstream'

/**
 * Position of the last message of a stream, 0 when it is empty. While a cluster elects the stream's leader, any of its nodes answers
 * for it, also one that lags far behind: such an answer is thrown away as an error; ask again.
 */
export async function lastSeqOf(jsm: JetStreamManager, stream: string): Promise<number> {
  const { cluster, state } = await jsm.streams.info(stream)
  // The node that answers lists the others; it leads when the leader is not among them.
  const led = cluster?.leader && !cluster.replicas?.some(({ name }) => name === cluster.leader)
  if (cluster !== undefined && !led) throw new Error(`${stream} has no leader yet`)
  return state.last_seq
}
