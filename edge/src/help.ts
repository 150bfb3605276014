export const HELP = `Records a shipment: samples, signs, keeps and sends readings, and hands the goods over when a taker's acceptance is valid.

usage: node edge/src/main.ts        configuration by environment variables

  DEVICE_DIR               folder of the spool (made with mode 0700; one process at a time)
  TERMS_FILE               the agreement's terms, JSON
  AGREEMENT, CHAIN_ID      address of the agreement and its chain
  IDENTITY_KEY_FILE        the device's key set, hex, mode 0600
  MQTT_URL                 mqtts://host:port of ingest
  TLS_CA_FILE              who vouches for ingest's certificate
  TLS_CERT_FILE, TLS_KEY_FILE   the device's certificate (CN = device id) and its key
  INGEST_SESSION_KEY_FILE  public X-Wing key of ingest, hex
  INGEST_RECEIPT_KEY_FILE  public ML-DSA-44 key of ingest's receipts, hex
  REPLACES_LEG             the leg whose device is dead or lost: shows keys for the next leg (replacement), and begins it with a manual cut that names them
  SOURCE                   simulation (default) or replay
    simulation: SEED (1), READINGS_PER_LEG (96), PACE_MS between readings (0)
    replay:     REPLAY_FILE, REPLAY_DEVICE, HANDOVERS (ISO times in the file's own time, at most two, by comma), PACE_MS (0),
                REPLAY_INTERVAL_MS how often the recorded device sampled (what most of the file says); a pause of more than twice that is its silence
  NOW_MS                   where the last reading's time is put, ms since 1970 (now)
  READINGS_PER_ENVELOPE    32;  ENVELOPE_MS_MAX  how long a reading waits for an envelope, ms (60000)
  METRICS_PORT             /healthz, /readyz, /metrics on METRICS_HOST (any free port on 127.0.0.1)

stdout: one JSON object per line (offer, accepted, cut, envelope, excursion, delivered, …). stderr: the log.
stdin:  {"accept":"0x…"}  a signed acceptance, as a camera would read it;  {"scan":true}  the button: offer the goods now.
        {"manualCut":{"agreement":"0x…","manualCut":{…},"fromSignature":{…},"toSignature":{…}}}  both custodians signed: go on in place of another device.
exit:   0 delivered or stopped, 1 failed, 2 wrong configuration or input.

examples:
  SOURCE=simulation SEED=7 PACE_MS=200 READINGS_PER_LEG=60 node edge/src/main.ts
  SOURCE=replay REPLAY_FILE=containers.csv REPLAY_DEVICE=A HANDOVERS=2016-08-12T00:00:00Z,2016-08-18T00:00:00Z node edge/src/main.ts
`
