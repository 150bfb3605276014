/** Append, read, consume: JetStream, and memory for tests. */
export { connectNats, type NatsOptions } from './connect.ts'
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
export { type ExecuteOptions, execute, loadState } from './execute.ts'
export { given } from './given.ts'
export { connectEventLog, type EventLogOptions } from './jetstream.ts'
export { memoryEventLog } from './memory.ts'
export { replayTo } from './replay.ts'
export { subjectMatches } from './subject-match.ts'
