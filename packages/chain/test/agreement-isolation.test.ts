import { afterAll, beforeAll, expect, test } from 'vitest'
import { addEnvelope, firstLeg, makeShipment } from '../../../contracts/script/shipment.ts'
import { type Deployment, startArguments, type WalletClient } from '../src/index.ts'
import { above40, calls, create, degrees, draftWith, proofOf, refusal } from './calls.ts'
import { startWorld, type World } from './world.ts'

let world: World
let client: WalletClient
let deployment: Deployment

beforeAll(async () => {
  world = await startWorld()
  ;({ client, deployment } = world)
})

afterAll(() => world?.anvil.stop())

test('what one agreement accepts, no other does', async () => {
  const draft = draftWith('somebody')
  const [one, other] = [await makeShipment(deployment), await makeShipment(deployment, draft)]
  expect(other.agreement).not.toBe(one.agreement)
  await create(client, deployment.factory, other)
  const theirs = calls(client, other.agreement)
  const leg = await firstLeg(one)
  const otherLeg = await firstLeg(other)
  const foreign = startArguments({ terms: one.terms, keys: leg.signedKeys })
  expect(await refusal(theirs.start(foreign))).toBe('ClauseNotInTerms')
  const sound = startArguments({ terms: other.terms, keys: otherLeg.signedKeys })
  expect(await refusal(theirs.start([foreign[0], foreign[1], sound[2], sound[3], sound[4]]))).toBe(
    'AgreementDeviceSignatureInvalid',
  )
  await theirs.start(sound)

  await addEnvelope(leg, degrees(39, 45))
  const limit = above40(other)
  const carried = proofOf({ terms: other.terms, limit, keys: otherLeg.signedKeys, run: leg.wires, index: 1 })
  expect(await refusal(theirs.prove(carried))).toBe('AgreementEnvelopeForeign')
  await addEnvelope(otherLeg, degrees(39, 45))
  await theirs.prove(
    proofOf({ terms: other.terms, limit, keys: otherLeg.signedKeys, run: otherLeg.wires, index: 1 }),
  )
})

test('an agreement signed for another chain is refused', async () => {
  const elsewhere = await makeShipment({ ...deployment, chainId: 4242 })
  expect(await refusal(create(client, deployment.factory, elsewhere))).toBe(
    'AgreementFactorySignatureInvalid',
  )
})

test('an agreement is refused with one signature only, or a second time', async () => {
  const shipment = await makeShipment(deployment, draftWith('another'))
  const unsigned = { ...shipment, payeeSignature: shipment.payerSignature }
  expect(await refusal(create(client, deployment.factory, unsigned))).toBe('AgreementFactorySignatureInvalid')
  await create(client, deployment.factory, shipment)
  expect(await refusal(create(client, deployment.factory, shipment))).toBe('AgreementFactoryAlreadyCreated')
})
