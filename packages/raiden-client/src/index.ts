export * from './client.ts'
export { type ChannelNeed, ensureChannel } from './ensure-channel.ts'
export type { Channel, NodeStatus, Payment, PendingTransfer } from './shapes.ts'
