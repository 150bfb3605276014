// Gas of contests and their post-quantum answers.
import {
  agreementAbi,
  anchorAnswerArguments,
  anchorLogAbi,
  confirmLegArguments,
  contestArguments,
  sealAnswerArguments,
} from '@consign/chain'
import { decodeSignedLegKeys, encodeSignedLegKeys, type KeySet, legKeysDigest } from '@consign/envelope'
import { portableProvider } from '@consign/envelope/portable'
import { merkleRoot } from '@consign/merkle'
import { windows } from '@consign/terms'
import { bytesToHex, encodeFunctionData, type Hex, hexToBytes, parseEther } from 'viem'
import type { ProvenCase } from './gas-claims.ts'
import type { Meter } from './gas-meter.ts'
import { type Journey, partyOf, toAgreement } from './gas-shipment.ts'
import { type Shipment, sealLeg } from './shipment.ts'

/** The accused contests three cases; a seal answers two of them, an anchor the third. */
export async function measureDisputes(meter: Meter, journey: Journey, proven: ProvenCase[]): Promise<void> {
  const { shipment, leg } = journey
  const { terms } = shipment
  const [one, two, three] = proven as [ProvenCase, ProvenCase, ProvenCase]
  await contestAll(meter, shipment, [one, two, three])
  const evidence = { terms, keys: leg.signedKeys, seal: await sealLeg(leg), digests: leg.digests }
  await meter.measure(
    { call: 'Agreement.answerWithSeal', what: `leg of ${leg.digests.length} envelopes`, target: 1_000_000n },
    toAgreement(shipment, {
      functionName: 'answerWithSeal',
      args: sealAnswerArguments({ ...evidence, caseId: one.id, seq: one.seq }),
    }),
  )
  await meter.measure(
    { call: 'Agreement.answerWithSeal', what: 'by a seal that is on chain' },
    toAgreement(shipment, {
      functionName: 'answerWithSeal',
      args: sealAnswerArguments({ ...evidence, caseId: two.id, seq: two.seq, sealKnown: true }),
    }),
  )
  await measureAnchorAnswer(meter, journey, three)
  await measureConfirmation(meter, journey)
}

async function contestAll(
  { client, measure, send }: Meter,
  shipment: Shipment,
  cases: ProvenCase[],
): Promise<void> {
  const accused = partyOf(shipment, 'shipper-x').wallet
  await send({ to: accused.address, data: '0x', value: parseEther('1') })
  const value = await client.readContract({
    address: shipment.agreement,
    abi: agreementAbi,
    functionName: 'contestBondWei',
    args: [BigInt(windows(shipment.terms).contestBondWei)],
  })
  const transaction = ({ id }: ProvenCase) => ({
    ...toAgreement(shipment, {
      functionName: 'contest',
      args: contestArguments({ terms: shipment.terms, caseId: id }),
    }),
    value: 2n * value,
    from: accused,
  })
  const [first, ...others] = cases as [ProvenCase, ...ProvenCase[]]
  await measure({ call: 'Agreement.contest', what: 'with a bond' }, transaction(first))
  for (const each of others) await send(transaction(each))
}

async function measureAnchorAnswer(
  meter: Meter,
  { shipment, leg }: Journey,
  answered: ProvenCase,
): Promise<void> {
  const { deployment, measure } = meter
  const leaves = leg.digests
  const anchor = (seq: number, size: number) =>
    encodeFunctionData({
      abi: anchorLogAbi,
      functionName: 'anchor',
      args: [BigInt(seq), bytesToHex(merkleRoot(leaves.slice(0, size))), BigInt(size)],
    })
  const to = deployment.anchorLog
  await measure(
    { call: 'AnchorLog.anchor', what: 'first of a writer' },
    { to, data: anchor(0, leaves.length - 1) },
  )
  await measure(
    { call: 'AnchorLog.anchor', what: 'each further one', target: 52_000n },
    { to, data: anchor(1, leaves.length) },
  )
  const writer = meter.client.account.address
  await measure(
    { call: 'AnchorLog.witness', what: '' },
    { to, data: encodeFunctionData({ abi: anchorLogAbi, functionName: 'witness', args: [writer] }) },
  )
  const args = anchorAnswerArguments({
    terms: shipment.terms,
    caseId: answered.id,
    evidence: bytesToHex(leaves[answered.seq] as Uint8Array),
    anchorSeq: 1,
    leaves,
    size: leaves.length,
  })
  await measure(
    { call: 'Agreement.answerWithAnchor', what: `anchor over ${leaves.length} envelopes` },
    toAgreement(shipment, { functionName: 'answerWithAnchor', args }),
  )
}

async function measureConfirmation({ measure }: Meter, { shipment, before }: Journey): Promise<void> {
  const args = confirmLegArguments({
    terms: shipment.terms,
    keys: await repeatableKeys(shipment.device, before.signedKeys),
  })
  await measure(
    { call: 'Agreement.confirmLeg', what: 'leg 0' },
    toAgreement(shipment, { functionName: 'confirmLeg', args }),
  )
}

/** The signer's SLH-DSA signature anew without hedging, so that its bytes, and with them the gas, are the same in every run. */
export async function repeatableKeys(signer: KeySet, signedKeys: Hex): Promise<Hex> {
  const signed = decodeSignedLegKeys(hexToBytes(signedKeys))
  const slhDsa = await portableProvider({ deterministic: true }).slhDsaSign(
    signer,
    legKeysDigest(signed.record),
  )
  return bytesToHex(encodeSignedLegKeys({ ...signed, slhDsa }))
}
