/** What tests of other parts need: a real nats-server, a log in memory, given/when/then. */
export { freePort } from './free-port.ts'
export { given } from './given.ts'
export { memoryEventLog } from './memory.ts'
export {
  type NatsServer,
  type NatsServerOptions,
  natsServerBinary,
  startNatsServer,
} from './nats-server.ts'
