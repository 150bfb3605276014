/** For tests of whatever speaks to a Raiden node: a second one, in the words of the Python node or of ours. */
export { type Fault, type NodeDouble, startNodeDouble } from './node-double.ts'
export type { Dialect, Noted } from './node-words.ts'
