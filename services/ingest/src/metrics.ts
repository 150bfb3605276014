import type { Metrics } from '@consign/runtime'

export type IngestMetrics = ReturnType<typeof ingestMetrics>

/** Bytes per reading, handshakes included = rate(socket_bytes) / rate(readings). */
export function ingestMetrics(metrics: Metrics) {
  const stored = metrics.counter({
    name: 'consign_ingest_stored_total',
    help: 'Frames stored in the log, by kind.',
    labels: ['kind'],
  })
  return {
    connections: metrics.gauge({ name: 'consign_ingest_connections', help: 'Devices connected.' }),
    received: metrics.counter({
      name: 'consign_ingest_received_total',
      help: 'Messages received from devices.',
    }),
    stored,
    /** One of them, found once: it counts nearly every frame. */
    storedEnvelopes: stored.labels({ kind: 'envelope' }),
    readings: metrics.counter({
      name: 'consign_ingest_readings_total',
      help: 'Readings in stored envelopes.',
    }),
    repeated: metrics.counter({
      name: 'consign_ingest_repeated_total',
      help: 'Frames that were stored or parked already.',
    }),
    flagged: metrics.counter({
      name: 'consign_ingest_flagged_total',
      help: 'Frames stored with a flag, by flag.',
      labels: ['flag'],
    }),
    parked: metrics.counter({ name: 'consign_ingest_parked_total', help: 'Frames parked.' }),
    unparked: metrics.counter({
      name: 'consign_ingest_unparked_total',
      help: 'Parked frames that left again.',
    }),
    quarantined: metrics.counter({
      name: 'consign_ingest_quarantined_total',
      help: 'Frames refused and kept in quarantine, by code.',
      labels: ['code'],
    }),
    refused: metrics.counter({
      name: 'consign_ingest_refused_total',
      help: 'Connections, publications and subscriptions refused, by code.',
      labels: ['code'],
    }),
    fed: metrics.counter({ name: 'consign_ingest_fed_total', help: 'Envelopes fed to all parties.' }),
    receipts: metrics.counter({
      name: 'consign_ingest_receipts_total',
      help: 'Receipts sent, by status.',
      labels: ['status'],
    }),
    acceptances: metrics.counter({
      name: 'consign_ingest_acceptances_total',
      help: 'Acceptances sent to devices.',
    }),
    retries: metrics.counter({
      name: 'consign_ingest_retries_total',
      help: 'Writes to the log that had to be tried again.',
    }),
    socketBytes: metrics.counter({
      name: 'consign_ingest_socket_bytes_total',
      help: 'Bytes of closed device connections as the network carried them, TLS included.',
      labels: ['direction'],
    }),
    lag: metrics.gauge({ name: 'consign_ingest_lag_messages', help: 'Custody events still to be handled.' }),
  }
}
