/** What tests and benchmarks of ingest need: the real process, certificates, devices. */
export { type Pem, type TestAuthority, testAuthority } from './certificates.ts'
export { type IngestProcess, startIngest } from './ingest-process.ts'
export { connectDevice, type MqttDevice, tlsOptions, tryConnect } from './mqtt-device.ts'
export { keysNumber, legKeysOf, SampleLeg, signedEvent, someReadings, termsFor } from './sample-device.ts'
