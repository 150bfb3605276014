/** Append, read, consume: JetStream, and memory for tests. */
export type { Decider, Fact } from './decider.ts'
export type {
  AppendOptions,
  ConsumeOptions,
  EventLog,
  NewEvent,
  PublishOptions,
  ReadRange,
  Recorded,
} from './event-log.ts'
