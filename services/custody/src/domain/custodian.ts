import { Refusal } from '@consign/envelope'
import type { Hex } from '@consign/events'

/** A handover to oneself would begin a new leg to leave what the old one cost behind. The device cuts no such leg; the chain refuses a manual cut of that kind. */
export const custodianUnchanged = (record: 'accept' | 'cut' | 'manualCut', custodian: Hex): Refusal =>
  new Refusal(
    `${record}.custodian`,
    `${custodian} has the goods already; another party accepts, or they stay where they are`,
  )
