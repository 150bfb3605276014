// The steps that a party takes alone, each only where the chain does not stand there yet: a repetition goes on where the last run ended.
import { formatUnits, type Hex, type PrivateKeyAccount, slice } from 'viem'
import type { Call, Chain, Event } from './chain.ts'
import { discloseEnvelope } from './disclosures.ts'
import { digestsOf, type Folder, type Leg } from './folder.ts'
import { inclusionProof } from './formats.ts'
import type { Clause } from './terms.ts'
import { type Violation, violationsOf } from './violations.ts'

/** What the chain says of a case (IAgreementClaims.Case), as far as it matters here. */
type Case = { state: number; seq: number; evidence: Hex }

const PROVEN = 1
const CONTESTED = 2
const CREATED = 0
const DELIVERED = 2

/** `wallets`: the first sends whatever anybody may send; the others act where only they can. */
export type Enforcement = {
  folder: Folder
  chain: Chain
  wallets: [PrivateKeyAccount, ...PrivateKeyAccount[]]
  print: (step: string, what: string) => void
}

/** From wherever the agreement stands to its last payment. */
export async function enforce(enforcement: Enforcement): Promise<void> {
  await create(enforcement)
  await fund(enforcement)
  await start(enforcement)
  for (const leg of enforcement.folder.legs) await recordCut(enforcement, leg)
  for (const violation of violations(enforcement)) {
    await prove(enforcement, violation)
    await contest(enforcement, violation)
    await answer(enforcement, violation)
  }
  await acknowledge(enforcement)
  if (!(await settle(enforcement))) return
  for (const party of paidParties(enforcement)) await claim(enforcement, party)
  for (const party of paidParties(enforcement)) await release(enforcement, party)
}

async function create({ folder, chain, wallets }: Enforcement): Promise<void> {
  const { deployment, terms, payer, payee, signatures, agreement } = folder
  if (await chain.hasCode(agreement)) return
  const signers = [terms.hash, payer.wallet, payee.wallet]
  await chain.send({
    ...{ step: 'create', what: `agreement ${agreement} of ${payer.name} and ${payee.name}` },
    ...{ from: wallets[0], to: deployment.factory, abi: deployment.abis.factory, functionName: 'create' },
    args: [...signers, signatures.payer, signatures.payee, terms.disclose(terms.one('general'))],
  })
}

async function fund(enforcement: Enforcement): Promise<void> {
  const { folder, chain, wallets } = enforcement
  const general = folder.terms.one('general')
  const total = BigInt(String(general.guaranteeTotal))
  if (total === 0n || (await read<boolean>(enforcement, 'isFunded'))) return
  const token = general.token as Hex
  const { abis } = folder.deployment
  for (const from of wallets) {
    if ((await chain.read<bigint>(token, abis.token, 'balanceOf', [from.address])) < total) continue
    const approval = { to: token, abi: abis.token, functionName: 'approve', args: [folder.agreement, total] }
    await chain.send({ step: 'fund', what: 'allow the agreement to take the guarantee', from, ...approval })
    const args = settleArguments(folder)
    await send(enforcement, 'fund', `guarantee of ${tokens(total)}`, 'fund', args, { from })
    return
  }
  throw new Error(
    `fund: the guarantee of ${tokens(total)} is not paid in, and none of the wallets here holds it`,
  )
}

async function start(enforcement: Enforcement): Promise<void> {
  const { terms, payee, legs } = enforcement.folder
  if ((await read<number>(enforcement, 'phase')) !== CREATED) return
  const [first] = legs
  if (!first) throw new Error('start: frames holds no keys of leg 0')
  const shown = [
    terms.disclose(terms.one('device')),
    terms.discloseHeading(),
    terms.disclose(terms.one('windows')),
  ]
  const args = [first.keys.keys, p256(first.keys.p256), ...shown]
  await send(enforcement, 'start', `leg 0 in the custody of ${payee.name}`, 'start', args)
}

async function recordCut(enforcement: Enforcement, leg: Leg): Promise<void> {
  const { number, keys, handover, envelopes } = leg
  if (!handover || (await read<{ ended: boolean }>(enforcement, 'legOf', [number])).ended) return
  const { offer, accept, cut } = handover
  const taker = enforcement.folder.terms.party(accept.party)
  const disclosed = enforcement.folder.terms.disclose(taker)
  const args = [number, keys.keys, offer, accept, accept.ecdsa, cut, p256(cut.p256), disclosed]
  const what = `leg ${number} ends after ${cut.n} envelopes, ${taker.name} takes over`
  const { delegation } = accept
  if (!delegation) return void (await send(enforcement, 'cut', what, 'recordCut', args))
  const delegated = { delegation, signature: delegation.ecdsa, head: envelopes.at(-1)?.header ?? '0x' }
  await send(enforcement, 'cut', `${what} by a delegate`, 'recordDelegatedCut', [...args, delegated])
}

function violations({ folder }: Enforcement): Violation[] {
  const { legs, agreement, terms } = folder
  return legs.flatMap(({ number, envelopes }) => violationsOf(agreement, number, envelopes, terms.limits()))
}

async function prove(enforcement: Enforcement, violation: Violation): Promise<void> {
  if ((await caseOf(enforcement, violation)).state !== 0) return
  const { terms, legs } = enforcement.folder
  const { leg, limit, first, fromSeq, toSeq, extent } = violation
  const { keys, envelopes } = legs[leg]!
  const run = envelopes.slice(fromSeq, toSeq + 1)
  const disclosed = run.map((envelope) => discloseEnvelope(envelope, limit))
  const signature = p256(run.at(-1)!.p256)
  const position = BigInt(first.seq - fromSeq)
  const args = [leg, keys.keys, terms.disclose(limit), disclosed, position, first.index, signature]
  const what = `limit ${limit.limitId} on ${limit.metric} was broken in leg ${leg}, by ${extentOf(violation, extent)}`
  const events = await send(enforcement, 'prove', what, 'proveViolation', args)
  const proven = events.find(({ name }) => name === 'ViolationProven')?.args
  if (proven?.caseId !== violation.caseId)
    throw new Error('prove: the chain named another case than these files')
}

const extentOf = ({ limit }: Violation, extent: number): string =>
  limit.kind === 'limit.instantaneous'
    ? `a reading of ${extent} where ${limit.bound} is allowed`
    : `${extent} ms outside`

async function contest(enforcement: Enforcement, violation: Violation): Promise<void> {
  const { folder, wallets } = enforcement
  if ((await caseOf(enforcement, violation)).state !== PROVEN) return
  const accused = await read<Hex>(enforcement, 'custodianOf', [violation.leg])
  const from = wallets.find(({ address }) => address === accused)
  if (!from) return
  const windows = folder.terms.one('windows')
  const least = await read<bigint>(enforcement, 'contestBondWei', [BigInt(String(windows.contestBondWei))])
  // The base fee, which the bond follows, can rise by an eighth with each block.
  const value = least + least / 4n
  const what = `${folder.terms.party(accused).name} demands post-quantum proof, with a bond of ${formatUnits(value, 18)} ether`
  await send(enforcement, 'contest', what, 'contest', [violation.caseId, folder.terms.disclose(windows)], {
    from,
    value,
  })
}

async function answer(enforcement: Enforcement, violation: Violation): Promise<void> {
  const { seq, state, evidence } = await caseOf(enforcement, violation)
  if (state !== CONTESTED) return
  const { terms, legs } = enforcement.folder
  const leg = legs[violation.leg]!
  const { seal, keys } = leg
  if (!seal || seal.n <= seq) throw new Error(`answer: no seal of leg ${leg.number} holds envelope ${seq}`)
  if (leg.envelopes[seq]?.digest !== evidence)
    throw new Error(`answer: the chain knows another envelope ${seq}`)
  const proof = inclusionProof(digestsOf(leg).slice(0, seal.n), seq)
  const args = [violation.caseId, keys.keys, seal, seal.slhDsa, proof, terms.disclose(terms.one('general'))]
  const what = `the seal of leg ${leg.number} (SLH-DSA) over ${seal.n} envelopes holds envelope ${seq}`
  await send(enforcement, 'answer', what, 'answerWithSeal', args)
}

async function acknowledge(enforcement: Enforcement): Promise<void> {
  for (const { party, cumulative, signature } of enforcement.folder.acknowledgements) {
    if ((await read<bigint>(enforcement, 'acknowledgedBy', [party])) >= BigInt(cumulative)) continue
    const what = `${enforcement.folder.terms.party(party).name} got ${tokens(BigInt(cumulative))} off chain`
    await send(enforcement, 'acknowledge', what, 'acknowledge', [party, BigInt(cumulative), signature.ecdsa])
  }
}

async function settle(enforcement: Enforcement): Promise<boolean> {
  const { folder, chain, print } = enforcement
  const phase = await read<number>(enforcement, 'phase')
  if (phase < DELIVERED) print('settle', 'the goods are not delivered yet: nothing to settle')
  if (phase !== DELIVERED) return phase > DELIVERED
  const call = callOf(enforcement, 'settle', 'who gets what is fixed', 'settle', settleArguments(folder))
  for (const { name, args: event } of await chain.sendWhenDue(call, 'AgreementNotSettleable')) {
    if (name === 'PayoutFixed') print('settle', payoutOf(folder, event))
    if (name === 'Settled')
      print('settle', `${folder.payer.name} keeps ${tokens(event.refund)} of ${tokens(event.amountTotal)}`)
  }
  return true
}

// Funding is shown them too: of terms that cannot be settled nothing is taken.
function settleArguments({ terms }: Folder): unknown[] {
  return [terms.discloseHeading(), terms.disclose(terms.one('windows'))]
}

function payoutOf({ terms }: Folder, event: Event['args']): string {
  const { agreed, charged, awarded } = event as Record<'agreed' | 'charged' | 'awarded', bigint>
  const due = agreed - charged + awarded
  const parts = `${tokens(agreed)} agreed, ${tokens(charged)} charged, ${tokens(awarded)} awarded`
  return `${terms.party(event.party as Hex).name} is due ${tokens(due)}: ${parts}`
}

async function claim(enforcement: Enforcement, party: PaidParty): Promise<void> {
  const { folder } = enforcement
  const clauses = [folder.terms.one('general'), folder.terms.one('windows'), party]
  const args = clauses.map((clause) => folder.terms.disclose(clause))
  const call = callOf(enforcement, 'claim', `${party.name} claims its guarantee`, 'claim', args)
  await reportPaid(enforcement, call, `${party.name} was paid`)
}

async function release(enforcement: Enforcement, party: PaidParty): Promise<void> {
  const { folder } = enforcement
  const args = [folder.terms.one('general'), party].map((clause) => folder.terms.disclose(clause))
  const call = callOf(
    enforcement,
    'release',
    `what ${party.name} does not need of its guarantee`,
    'release',
    args,
  )
  await reportPaid(enforcement, call, `${folder.payer.name} got back`)
}

type PaidParty = ReturnType<typeof paidParties>[number]

async function reportPaid({ chain, print }: Enforcement, call: Call, who: string): Promise<void> {
  const events = await chain.sendWhenDue(call, 'AgreementClaimTooEarly').catch((error) => {
    if (error.reason === 'AgreementNothingDue') return []
    throw error
  })
  const paid = events.find(({ name }) => name === 'GuaranteeClaimed' || name === 'GuaranteeReleased')
  if (paid) print(call.step, `${who} ${tokens(paid.args.amount)}`)
}

const paidParties = ({ folder }: Enforcement) =>
  folder.terms
    .all<Clause & { name: string; wallet: Hex; role: string }>('party')
    .filter(({ role }) => role !== 'payer')

const caseOf = (enforcement: Enforcement, { caseId }: Violation) =>
  read<Case>(enforcement, 'caseOf', [caseId])

function read<T>({ folder, chain }: Enforcement, functionName: string, args: unknown[] = []): Promise<T> {
  return chain.read<T>(folder.agreement, folder.deployment.abis.agreement, functionName, args)
}

type Sender = { from?: PrivateKeyAccount; value?: bigint }

function callOf(
  { folder, wallets }: Enforcement,
  step: string,
  what: string,
  functionName: string,
  args: unknown[],
  sender: Sender = {},
): Call {
  const { agreement: to, deployment } = folder
  return { step, what, from: wallets[0], to, abi: deployment.abis.agreement, functionName, args, ...sender }
}

const send = (enforcement: Enforcement, ...call: [string, string, string, unknown[], Sender?]) =>
  enforcement.chain.send(callOf(enforcement, ...call))

const p256 = (signature: Hex) => ({ r: slice(signature, 0, 32), s: slice(signature, 32, 64) })

const tokens = (units: unknown): string => `${formatUnits(units as bigint, 18)} tokens`
