/** What the contract of an agreement says, as events of the log; and the manual cut that a transaction shows. Pure. */
import { agreementAbi } from '@consign/chain'
import type { EventData, FactOf, Hex } from '@consign/events'
import { manualCutDigest } from '@consign/terms'
import { decodeFunctionData, toFunctionSelector } from 'viem'

/** One event of the chain. `args`: plain, by name. */
export type ContractEvent = {
  agreement: Hex
  name: string
  args: Readonly<Record<string, string | number | boolean>>
  txHash: Hex
  blockNumber: number
  logIndex: number
}

export type ContractFact = FactOf<
  'chain.custody.moved.v1' | 'chain.case.charged.v1' | 'chain.case.dropped.v1' | 'chain.happened.v1'
>

export type ShownManualCut = NonNullable<EventData<'chain.custody.moved.v1'>['manualCut']>

const SELECTOR = toFunctionSelector(
  agreementAbi.find((item) => item.type === 'function' && item.name === 'recordManualCut') as never,
).slice(2)
const NOBODYS_CUT: Hex = `0x${'00'.repeat(32)}`

/** What each event is called for ever, whoever tells it. */
export function contractEventId({ txHash, logIndex }: Pick<ContractEvent, 'txHash' | 'logIndex'>): string {
  return `chain.log:${txHash}:${logIndex}`
}

/** Whether it says that both custodians, or the device, cut: only its transaction tells which. */
export function isCut({ name, args }: ContractEvent): boolean {
  return name === 'CustodyTransferred' && args.cutDigest !== NOBODYS_CUT
}

/** Cases of which these events say that they are claimed, and not proven. */
export function claimedIn(events: readonly ContractEvent[]): ReadonlySet<unknown> {
  return new Set(events.filter(({ name }) => name === 'SilenceClaimed').map(claimName))
}

const claimName = ({ txHash, args }: ContractEvent) => `${txHash} ${args.caseId}`

/** `manualCut`: of a CustodyTransferred, what its transaction shows; `claims`: of a ViolationProven, what was claimed beside it. */
export function contractFact(
  event: ContractEvent,
  { manualCut, claims }: { manualCut?: ShownManualCut | undefined; claims?: ReadonlySet<unknown> } = {},
): ContractFact {
  const { agreement, name, args, txHash, blockNumber, logIndex } = event
  const at = { agreement, txHash, blockNumber, logIndex }
  switch (name) {
    case 'CustodyTransferred': {
      const moved = { leg: Number(args.leg), n: Number(args.n), to: args.to as Hex }
      const cut = { cutDigest: args.cutDigest as Hex, ...(manualCut === undefined ? {} : { manualCut }) }
      return { type: 'chain.custody.moved.v1', data: { ...at, ...moved, ...cut } }
    }
    case 'ViolationProven': {
      const held = { caseId: args.caseId as Hex, leg: Number(args.leg), custodian: args.custodian as Hex }
      const cost = { limitId: Number(args.limitId), penalty: String(args.penalty) }
      const claim = claims?.has(claimName(event)) ? { isClaim: true as const } : {}
      return { type: 'chain.case.charged.v1', data: { ...at, ...held, ...cost, ...claim } }
    }
    case 'CaseVoided':
    case 'SilenceRefuted': {
      const because = name === 'CaseVoided' ? 'contest' : 'refutation'
      return { type: 'chain.case.dropped.v1', data: { ...at, caseId: args.caseId as Hex, because } }
    }
    default:
      return { type: 'chain.happened.v1', data: { ...at, name, args: { ...args } } }
  }
}

/**
 * The manual cut with this digest in the calldata of a transaction, also where a wallet that is a contract passes it on. The digest covers all of it,
 * so that nothing else can be taken for it. Undefined when it is not there: then the device cut, or a contract put the call together.
 */
export function manualCutIn(
  input: Hex,
  of: { chainId: number; agreement: Hex; termsHash: Hex },
  cutDigest: Hex,
): ShownManualCut | undefined {
  for (let at = input.indexOf(SELECTOR, 2); at >= 0; at = input.indexOf(SELECTOR, at + 1)) {
    const found = at % 2 === 0 ? decodedManualCut(`0x${input.slice(at)}`, of, cutDigest) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function decodedManualCut(
  data: Hex,
  of: { chainId: number; agreement: Hex; termsHash: Hex },
  cutDigest: Hex,
): ShownManualCut | undefined {
  try {
    const { functionName, args } = decodeFunctionData({ abi: agreementAbi, data })
    if (functionName !== 'recordManualCut') return undefined
    const [leg, said] = args
    if (manualCutDigest(of, { termsHash: of.termsHash, leg, ...said }) !== cutDigest) return undefined
    const { timeMs, nextKeysHash, reasonsHash } = said
    return { timeMs: Number(timeMs), nextKeysHash, reasonsHash }
  } catch {
    // Not a call at this place: the same four bytes as a part of something else.
    return undefined
  }
}
