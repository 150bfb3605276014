// Makes a folder as a party holds it (folder.ts) of a shipment that went wrong: supplier and the carrier's driver hand over, in the carrier's leg it gets too
// warm twice, the leg is sealed, the payer takes over, and the payee says what it was paid so far. From fixed seeds, by the packages that devices
// and services use. node tools/enforce/prepare.ts FOLDER DEPLOYMENT.json, which is what deployConsign writes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { agreementAbi, agreementFactoryAbi, type Deployment, settlementTokenAbi } from '@consign/chain'
import { encodeFrame, type FrameKind, native } from '@consign/envelope'
import {
  type PartyKeys,
  parseTokens,
  savePartyKeys,
  signAcknowledgement,
  type TermsDraft,
} from '@consign/terms'
import { type Hex, hexToBytes } from 'viem'
import {
  addEnvelope,
  delegateTo,
  firstLeg,
  type Handover,
  handOver,
  type LegEvidence,
  makeShipment,
  type Rows,
  type Shipment,
  sealLeg,
} from '../../contracts/script/shipment.ts'

/** What was agreed: never above 40 °C, nor above 30 °C for 20 minutes at a time; half of each amount is guaranteed. */
export const DRAFT: TermsDraft = {
  parties: [
    { name: 'factory', role: 'payer' },
    { name: 'supplier', role: 'payee', amountTokens: '200' },
    { name: 'shipper-x', role: 'carrier', amountTokens: '50', paidThrough: 'supplier' },
  ],
  limits: [
    { metric: 'temperature', above: 40, penaltyTokens: '10', perStepTokens: '2', step: 1 },
    {
      ...{
        metric: 'temperature',
        kind: 'single',
        above: 30,
        minutes: 20,
        between: 'hold',
        gapMinutesMax: 60,
      },
      ...{ penaltyTokens: '5', perStepTokens: '1', stepMinutes: 1, beneficiary: 'supplier' },
    },
  ],
  guaranteePercent: 50,
}
const PAID_OFF_CHAIN = parseTokens('150')

/** The carrier's leg in milli-°C, an envelope a row and five minutes between two: 25 minutes above 30 °C, up to 43.5 °C. */
const TOO_WARM = [[25_000, 29_000], [38_000, 41_000, 43_500], [42_000, 36_000], [28_000]]

export async function prepare(dir: string, deployment: Deployment): Promise<Shipment> {
  const shipment = await makeShipment(deployment, DRAFT)
  const { factory, supplier, 'shipper-x': carrier } = shipment.parties
  if (!factory || !supplier || !carrier) throw new Error('the draft names other parties')

  const first = await firstLeg(shipment)
  await addEnvelope(first, temperatures([20_000, 21_000, 22_000]))
  const by = await delegateTo(shipment, carrier, 'of shipper-x')
  const toCarrier = await handOver(shipment, first, carrier, {}, by)
  const second = toCarrier.next
  for (const values of TOO_WARM) await addEnvelope(second, temperatures(values))
  const toPayer = await handOver(shipment, second, factory)

  mkdirSync(join(dir, 'frames'), { recursive: true })
  mkdirSync(join(dir, 'keys'))
  writeLeg(dir, first, toCarrier)
  writeLeg(dir, second, toPayer)
  writeFrame(dir, 'leg-1-seal', 'seal', hexToBytes(await sealLeg(second)))
  writeFrame(dir, 'leg-2-keys', 'legKeys', hexToBytes(toPayer.next.signedKeys))
  for (const [name, keys] of Object.entries(shipment.parties))
    await savePartyKeys(join(dir, 'keys', `${name}.json`), keys)

  const { chainId, factory: factoryAddress, implementation } = deployment
  const abis = { factory: agreementFactoryAbi, agreement: agreementAbi, token: settlementTokenAbi }
  writeJson(dir, 'deployment', { chainId, factory: factoryAddress, implementation, abis })
  writeJson(dir, 'terms', shipment.terms)
  writeJson(dir, 'signatures', { payer: shipment.payerSignature, payee: shipment.payeeSignature })
  writeJson(dir, 'acknowledgements', [await acknowledgement(shipment, supplier, PAID_OFF_CHAIN)])
  return shipment
}

const temperatures = (valuesMilliC: number[]): Rows =>
  valuesMilliC.map((temperature) => ({ temperature, humidity: 45_000 }))

function writeLeg(dir: string, leg: LegEvidence, handover: Handover): void {
  const name = `leg-${leg.ref.leg}`
  writeFrame(dir, `${name}-keys`, 'legKeys', hexToBytes(leg.signedKeys))
  leg.wires.forEach((wire, seq) => {
    writeFrame(dir, `${name}-envelope-${String(seq).padStart(6, '0')}`, 'envelope', wire)
  })
  writeFrame(dir, `${name}-offer`, 'offer', hexToBytes(handover.offer))
  writeFrame(dir, `${name}-accept`, 'accept', hexToBytes(handover.accept))
  writeFrame(dir, `${name}-cut`, 'cut', hexToBytes(handover.cut))
}

function writeFrame(dir: string, name: string, kind: FrameKind, bytes: Uint8Array): void {
  writeFileSync(join(dir, 'frames', `${name}.frame`), encodeFrame(kind, bytes))
}

function writeJson(dir: string, name: string, document: unknown): void {
  writeFileSync(join(dir, `${name}.json`), `${JSON.stringify(document, null, 2)}\n`)
}

async function acknowledgement(shipment: Shipment, keys: PartyKeys, cumulative: bigint) {
  const party = keys.wallet.address.toLowerCase() as Hex
  const signature = await signAcknowledgement(native, keys, shipment, { party, cumulative })
  return { party, cumulative: String(cumulative), signature }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [dir, deploymentFile] = process.argv.slice(2)
  if (!dir || !deploymentFile) {
    process.stderr.write('usage: node tools/enforce/prepare.ts FOLDER DEPLOYMENT.json\n')
    process.exitCode = 2
  } else {
    await prepare(dir, JSON.parse(readFileSync(deploymentFile, 'utf8')) as Deployment)
  }
}
