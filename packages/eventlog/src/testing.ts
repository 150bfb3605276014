/** What tests of other parts need: a real nats-server, a log in memory, given/when/then. */
export { given } from './given.ts'
export { memoryEventLog } from './memory.ts'
export {
  freePort,
  type NatsServer,
  type NatsServerOptions,
  natsServerBinary,
  startNatsServer,
} from './nats-server.ts'
