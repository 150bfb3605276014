import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { anchorLogAbi, settlementTokenAbi } from '@consign/chain'
import { subjects } from '@consign/events'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { createTestClient, encodeFunctionData, http, pad, publicActions, walletActions } from 'viem'
import { anvil } from 'viem/chains'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Rehearsal, rehearse } from './rehearsal.ts'
import { auditApart, type ShipmentRun } from './run.ts'

const ALL_HOLD = { conserved: true, replayIdentical: true, anchorsVerified: true, nothingLost: true }

let rehearsal: Rehearsal
let run: ShipmentRun
beforeAll(async () => {
  rehearsal = await rehearse()
  run = await rehearsal.ship({ name: 'audited', serial: 900 })
}, 120_000)
afterAll(() => rehearsal.end())

const audited = async () => (await auditApart(run.auditFile)).checks

describe('the audit', () => {
  it('finds nothing wrong with a shipment that nobody touched', async () => {
    expect(await audited()).toEqual(ALL_HOLD)
  })

  it('notices a spool that says something else', async () => {
    const spool = new DatabaseSync(join(run.shipment.device.dir, 'spool.sqlite'))
    spool.exec('UPDATE legs SET n = n + 1 WHERE leg = 1')
    expect(await audited()).toEqual({ ...ALL_HOLD, nothingLost: false })
    spool.exec('UPDATE legs SET n = n - 1 WHERE leg = 1')
    spool.close()
    expect(await audited()).toEqual(ALL_HOLD)
  })

  it('notices an anchor that the chain holds differently', async () => {
    const { rpcUrl, deployment, writer } = rehearsal.stack
    const client = createTestClient({ mode: 'anvil', chain: anvil, transport: http(rpcUrl) }).extend(
      publicActions,
    )
    const data = encodeFunctionData({ abi: anchorLogAbi, functionName: 'root', args: [writer, 0n] })
    const { accessList } = await client.createAccessList({ to: deployment.anchorLog, data })
    const slot = accessList[0]!.storageKeys[0]!
    const value = (await client.getStorageAt({ address: deployment.anchorLog, slot }))!
    expect(BigInt(value)).not.toBe(0n)
    await client.setStorageAt({ address: deployment.anchorLog, index: slot, value: pad('0xbad') })
    expect(await audited()).toEqual({ ...ALL_HOLD, anchorsVerified: false })
    await client.setStorageAt({ address: deployment.anchorLog, index: slot, value })
    expect(await audited()).toEqual(ALL_HOLD)
  })

  it('notices a penalty that the log holds differently', async () => {
    const nats = await connect({ servers: rehearsal.stack.natsUrl })
    const forged = run.shipment.agreement
    for await (const { data } of rehearsal.log.read([subjects.penalty(forged)])) {
      const event = JSON.parse(new TextDecoder().decode(data))
      if (event.type !== 'penalty.leg.assessed.v1') continue
      event.data.readings += 1
      await jetstream(nats).publish(subjects.penalty(forged), JSON.stringify(event))
      break
    }
    expect((await audited()).replayIdentical).toBe(false)
    const manager = await jetstreamManager(nats)
    const { state } = await manager.streams.info('LOG')
    await manager.streams.deleteMessage('LOG', state.last_seq)
    expect(await audited()).toEqual(ALL_HOLD)
    await nats.close()
  })

  it('notices money that left the payer without a payment', async () => {
    const { rpcUrl, deployment, payer } = rehearsal.stack
    const client = createTestClient({ mode: 'anvil', chain: anvil, transport: http(rpcUrl) })
      .extend(publicActions)
      .extend(walletActions)
    const snapshot = await client.snapshot()
    const hash = await client.writeContract({
      account: payer.wallet,
      address: deployment.token,
      abi: settlementTokenAbi,
      functionName: 'transfer',
      args: [rehearsal.stack.writer, 1n],
    })
    await client.waitForTransactionReceipt({ hash })
    expect(await audited()).toEqual({ ...ALL_HOLD, conserved: false })
    await client.revert({ id: snapshot })
  })

  it('notices a party whose feed lacks an envelope', async () => {
    const nats = await connect({ servers: rehearsal.stack.natsUrl })
    const manager = await jetstreamManager(nats)
    const subject = subjects.feed(rehearsal.stack.payer.wallet.address, run.document.shipment, 'envelopes')
    const { seq, data } = (await manager.streams.getMessage('FEED', { last_by_subj: subject }))!
    await manager.streams.deleteMessage('FEED', seq)
    expect(await audited()).toEqual({ ...ALL_HOLD, nothingLost: false })
    await jetstream(nats).publish(subject, data) // without its id, which would make it a repeat
    expect(await audited()).toEqual(ALL_HOLD)
    await nats.close()
  })

  it('notices an envelope that is gone from the log', async () => {
    const nats = await connect({ servers: rehearsal.stack.natsUrl })
    const manager = await jetstreamManager(nats)
    let seq = 0
    for await (const message of rehearsal.log.read([subjects.envelope(run.shipment.agreement, 1)]))
      seq = message.seq
    await manager.streams.deleteMessage('LOG', seq)
    const checks = await audited()
    expect(checks.nothingLost).toBe(false)
    expect(checks.anchorsVerified).toBe(false)
    await nats.close()
  })
})
