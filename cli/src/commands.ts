/** Every command, in the order of its help. */
import { address, create, sign } from './agreement/create.ts'
import { cut, start } from './agreement/custody.ts'
import { accept, delegate } from './agreement/delegate.ts'
import { answer, answerByAnchor, confirm, contest, resolve, withdrawCredit } from './agreement/dispute.ts'
import { fork, tampering } from './agreement/fork.ts'
import { fund } from './agreement/fund.ts'
import { late } from './agreement/late.ts'
import { manualCut } from './agreement/manual-cut.ts'
import { acknowledge, claim, release, settle } from './agreement/payout.ts'
import { prove } from './agreement/prove.ts'
import { show } from './agreement/show.ts'
import { refuteSilence, silence } from './agreement/silence.ts'
import { close, deliver, refuseTender, tender } from './agreement/tender.ts'
import { terms } from './agreement/terms.ts'
import { addAnchor, showAnchors, witness } from './anchor/anchor.ts'
import { close as closeChannel } from './channels/close.ts'
import { list } from './channels/list.ts'
import { open } from './channels/open.ts'
import { payments } from './channels/payments.ts'
import { status } from './channels/status.ts'
import type { Command } from './command.ts'
import { credit, deposit, execute, issue, price, redeem, showEscrow, withdraw } from './escrow/escrow.ts'
import { newKeys, showKeys } from './keys/keys.ts'
import { register, revoke, rotate, showParty } from './registry/registry.ts'

export const COMMANDS: readonly Command[] = [
  ...[newKeys, showKeys],
  ...[register, rotate, revoke, showParty],
  ...[terms, sign, address, create, fund],
  ...[start, delegate, accept, cut, manualCut, tender, refuseTender, deliver, close],
  ...[prove, late, silence, refuteSilence, fork, tampering],
  ...[contest, answer, answerByAnchor, confirm, resolve],
  ...[acknowledge, settle, claim, release, withdrawCredit, show],
  ...[status, list, open, closeChannel, payments],
  ...[deposit, issue, withdraw, redeem, execute, credit, price, showEscrow],
  ...[addAnchor, witness, showAnchors],
]
