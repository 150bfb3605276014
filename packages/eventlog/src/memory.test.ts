import { eventLogContract } from '../test/contract.ts'
import { memoryEventLog } from './memory.ts'

eventLogContract('event log in memory', async () => ({ log: memoryEventLog(), close: async () => {} }))
