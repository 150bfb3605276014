// Raiden's REST API v1 as its documentation has it (docs/rest_api.rst of raiden-network/raiden): each endpoint's request, status and fields.
// Every answer is also checked against openapi.json by `call`.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'
import { documented, exercised } from './openapi.ts'
import { startWorld, type TestNode, until, type World } from './world.ts'

const OTHER = '0x61C808D82A3Ac53231750daDc13c777b59310bD9'
const DECIMAL = /^\d+$/
const ADDRESS = /^0x[0-9a-fA-F]{40}$/
const LOG_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/

describeRaiden('REST v1 as Raiden documents it', () => {
  let world: World
  let node: TestNode
  let partner: TestNode
  let channel: string

  beforeAll(async () => {
    world = await startWorld()
    node = await world.startNode('node')
    partner = await world.startNode('partner')
    channel = `/channels/${world.token}/${partner.address}`
  }, 240_000)
  afterAll(() => world?.close())

  it('GET /address, /version, /status, /settings, /contracts, /notifications', async () => {
    expect(await node.call('GET', '/address')).toEqual({ status: 200, body: { our_address: node.address } })
    expect(await node.call('GET', '/version')).toEqual({ status: 200, body: { version: '3.1.1' } })
    expect((await node.call('GET', '/status')).body.status).toBe('ready')
    expect((await node.call('GET', '/settings')).body).toEqual({
      pathfinding_service_address: world.pfs.url,
    })
    const { body: contracts } = await node.call('GET', '/contracts')
    expect(contracts.token_network_registry_address).toBe(
      world.network.deployment.contracts.TokenNetworkRegistry.address,
    )
    expect(await node.call('GET', '/notifications')).toEqual({ status: 200, body: [] })
  })

  it('GET /tokens, /tokens/:token and its partners; PUT refuses what is registered', async () => {
    expect(await node.call('GET', '/tokens')).toEqual({ status: 200, body: [world.token] })
    const network = world.network.deployment.tokenNetworks[world.token]
    expect(await node.call('GET', `/tokens/${world.token}`)).toEqual({ status: 200, body: network })
    expect((await node.call('GET', `/tokens/${OTHER}`)).status).toBe(404)
    expect((await node.call('GET', `/tokens/${world.token.toLowerCase()}`)).status).toBe(404)
    expect((await node.call('GET', `/tokens/${OTHER}/partners`)).status).toBe(404)
    expect((await node.call('PUT', `/tokens/${world.token}`)).status).toBe(409)
    expect((await node.call('PUT', `/tokens/${OTHER}`)).status).toBe(409)
    expect((await node.call('PUT', '/tokens/0x12')).status).toBe(404)
  })

  it('PUT /channels opens a channel: 201 and the channel object', async () => {
    expect((await node.call('GET', channel)).status).toBe(404)
    const opening = {
      partner_address: partner.address,
      token_address: world.token,
      total_deposit: '35000',
      settle_timeout: '60',
      reveal_timeout: '20',
    }
    const { status, body } = await node.call('PUT', '/channels', opening)
    expect(status).toBe(201)
    expect(body).toEqual({
      channel_identifier: expect.stringMatching(DECIMAL),
      network_state: 'unknown',
      token_network_address: expect.stringMatching(ADDRESS),
      partner_address: partner.address,
      token_address: world.token,
      balance: '35000',
      total_deposit: '35000',
      total_withdraw: '0',
      state: 'opened',
      settle_timeout: '60',
      reveal_timeout: '20',
    })
    expect((await node.call('GET', channel)).body).toEqual(body)
    expect((await node.call('GET', '/channels')).body).toEqual([body])
    expect((await node.call('GET', `/channels/${world.token}`)).body).toEqual([body])
    expect((await node.call('GET', `/channels/${OTHER}`)).body).toEqual([])
    expect((await node.call('GET', `/tokens/${world.token}/partners`)).body).toEqual([
      { partner_address: partner.address, channel: `/api/v1/channels/${world.token}/${partner.address}` },
    ])
    // What the Python node does with a channel that is open: 200, and the deposit raised.
    expect((await node.call('PUT', '/channels', opening)).status).toBe(200)
  })

  it('PUT /channels: 400, 402 and 409', async () => {
    const opening = (more: object) => node.call('PUT', '/channels', { token_address: world.token, ...more })
    expect(await opening({})).toMatchObject({
      status: 400,
      body: { errors: { partner_address: ['Missing data for required field.'] } },
    })
    expect((await opening({ partner_address: OTHER.toLowerCase() })).status).toBe(400)
    expect((await opening({ partner_address: OTHER, total_deposit: 'ten' })).status).toBe(400)
    expect((await opening({ partner_address: OTHER, total_deposit: '99999999999999' })).status).toBe(402)
    expect((await opening({ partner_address: OTHER, settle_timeout: '5' })).status).toBe(409)
    expect((await opening({ partner_address: OTHER, total_deposit: '-1' })).status).toBe(409)
    expect((await opening({ partner_address: node.address })).status).toBe(409)
    expect((await opening({ token_address: OTHER, partner_address: OTHER })).status).toBe(409)
    expect((await node.call('PUT', '/channels', '{"token_address":')).status).toBe(400)
    expect((await node.call('PUT', '/channels', '')).status).toBe(400)
    expect((await node.call('PUT', '/channels', '[]')).status).toBe(400)
  })

  it('PATCH /channels raises the deposit, and refuses what is no single change', async () => {
    expect(await node.call('PATCH', channel, { total_deposit: '40000' })).toMatchObject({
      status: 200,
      body: { total_deposit: '40000', balance: '40000' },
    })
    const patch = async (body: object) => (await node.call('PATCH', channel, body)).status
    expect(await patch({ total_deposit: '40000' })).toBe(200)
    expect(await patch({})).toBe(400)
    expect(await patch({ state: 'half open' })).toBe(400)
    expect(await patch({ state: 'opened' })).toBe(400)
    expect(await patch({ total_deposit: '50000', state: 'closed' })).toBe(409)
    expect(await patch({ total_deposit: '50000', total_withdraw: '1' })).toBe(409)
    expect(await patch({ total_deposit: '39999' })).toBe(409)
    expect(await patch({ total_deposit: '99999999999999' })).toBe(402)
    expect(await patch({ total_withdraw: '99999999999999' })).toBe(409)
    expect(await patch({ reveal_timeout: '20' })).toBe(200)
    expect(await patch({ reveal_timeout: '21' })).toBe(409)
    const missing = `/channels/${world.token}/${OTHER}`
    expect((await node.call('PATCH', missing, { total_deposit: '1' })).status).toBe(409)
    expect((await node.call('PATCH', '/channels/0x1/0x2', { total_deposit: '1' })).status).toBe(404)
  })

  it('POST /payments pays: 200 when the payment has ended, with the secret and its hash', async () => {
    const { status, body } = await world.pay(node, partner, '200', { identifier: '42' })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      initiator_address: node.address,
      target_address: partner.address,
      token_address: world.token,
      amount: '200',
      identifier: '42',
      secret: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      secret_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    })
    // The names of the TypeScript node.
    expect(body).toMatchObject({
      initiator: node.address,
      target: partner.address,
      log_time: expect.any(String),
    })
    expect((await node.call('GET', channel)).body.balance).toBe('39800')
  })

  it('POST /payments: 400, 402, 404 and 409', async () => {
    const pay = async (body: object, target = partner.address) =>
      (await node.call('POST', `/payments/${world.token}/${target}`, body)).status
    expect(await pay({})).toBe(400)
    expect(await pay({ amount: 'much' })).toBe(400)
    expect(await pay({ amount: '1', secret: '0x12' })).toBe(400)
    expect(await pay({ amount: '1000000' })).toBe(402)
    expect(await pay({ amount: '1' }, partner.address.toLowerCase())).toBe(404)
    expect(await pay({ amount: '0' })).toBe(409)
    expect(await pay({ amount: '-1' })).toBe(409)
    expect(await pay({ amount: '1' }, node.address)).toBe(409)
    expect(await pay({ amount: '1' }, OTHER)).toBe(409)
    expect(await pay({ amount: '1', lock_timeout: '5' })).toBe(409)
    expect((await node.call('POST', `/payments/${OTHER}/${partner.address}`, { amount: '1' })).status).toBe(
      409,
    )
  })

  it('GET /payments lists sent, failed and received payments, oldest first, by token and partner, in pages', async () => {
    const { body } = await node.call('GET', '/payments')
    expect(body[0]).toEqual({
      event: 'EventPaymentSentSuccess',
      initiator: node.address,
      target: partner.address,
      token_address: world.token,
      amount: '200',
      identifier: '42',
      secret_hash: expect.any(String),
      log_time: expect.stringMatching(LOG_TIME),
    })
    expect(body[1]).toMatchObject({
      event: 'EventPaymentSentFailed',
      target: OTHER,
      reason: expect.any(String),
      code: expect.stringMatching(/^raiden\./),
    })
    await until('the partner lists it', async () => {
      const received = (await partner.call('GET', '/payments')).body
      return received[0]?.event === 'EventPaymentReceivedSuccess' && received[0].initiator === node.address
    })
    const of = async (path: string) => (await node.call('GET', `/payments${path}`)).body
    expect(await of(`/${world.token}/${partner.address}`)).toEqual([body[0]])
    expect(await of(`/${OTHER}`)).toEqual([])
    expect(await of('?limit=1')).toEqual([body[0]])
    expect(await of('?limit=1&offset=1')).toEqual([body[1]])
    expect((await node.call('GET', '/payments?limit=x')).status).toBe(400)
    expect((await node.call('GET', '/payments/0x1')).status).toBe(404)
  })

  it('PATCH /channels withdraws what was received', async () => {
    const path = `/channels/${world.token}/${node.address}`
    const { status, body } = await partner.call('PATCH', path, { total_withdraw: '150' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ total_withdraw: '150', balance: '50' })
    expect((await partner.call('PATCH', path, { total_withdraw: '150' })).status).toBe(200)
    expect((await partner.call('PATCH', path, { total_withdraw: '149' })).status).toBe(409)
  })

  it('GET /pending_transfers, by token and channel; 404 for what is not known', async () => {
    expect(await node.call('GET', '/pending_transfers')).toEqual({ status: 200, body: [] })
    expect((await node.call('GET', `/pending_transfers/${world.token}`)).body).toEqual([])
    expect((await node.call('GET', `/pending_transfers/${world.token}/${partner.address}`)).body).toEqual([])
    expect((await node.call('GET', `/pending_transfers/${OTHER}`)).status).toBe(404)
    expect((await node.call('GET', `/pending_transfers/${world.token}/${OTHER}`)).status).toBe(404)
  })

  it('/user_deposit: what is there; 400 and 409', async () => {
    expect((await node.call('GET', '/user_deposit')).body).toMatchObject({ balance: '0', total_deposit: '0' })
    const change = async (body: object) => (await node.call('POST', '/user_deposit', body)).status
    expect(await change({})).toBe(400)
    expect(await change({ total_deposit: '1', withdraw_amount: '1' })).toBe(400)
    expect(await change({ total_deposit: '0' })).toBe(409)
    expect(await change({ total_deposit: '1' })).toBe(402)
    expect(await change({ planned_withdraw_amount: '1' })).toBe(409)
    expect(await change({ withdraw_amount: '1' })).toBe(409)
  })

  it('POST /_testing mints', async () => {
    const mint = (body: object) => node.call('POST', `/_testing/tokens/${world.token}/mint`, body)
    expect(await mint({ to: OTHER, value: '5' })).toMatchObject({
      status: 200,
      body: { transaction_hash: expect.stringMatching(/^0x/) },
    })
    expect((await mint({ to: OTHER, value: '0' })).status).toBe(400)
  })

  it('/connections: what is joined; DELETE closes all channels of the token and returns them', async () => {
    expect((await node.call('GET', '/connections')).body).toEqual({
      [world.token]: { sum_deposits: '40000', channels: '1' },
    })
    expect((await node.call('PUT', `/connections/${world.token}`, { funds: '1' })).status).toBe(501)
    expect((await node.call('DELETE', '/connections/0x1')).status).toBe(404)
    // With a content type and no body, as the documentation has it.
    const { status, body } = await node.call('DELETE', `/connections/${world.token}`, '')
    expect(status).toBe(200)
    expect(body).toMatchObject([{ partner_address: partner.address, state: 'settled', balance: '0' }])
    expect((await node.call('DELETE', `/connections/${world.token}`)).body).toEqual([])
    expect((await node.call('GET', '/connections')).body).toEqual({})
  })

  it('an unknown endpoint is 404 with errors', async () => {
    expect((await node.call('GET', '/nothing')).body).toEqual({
      errors: 'invalid endpoint',
      code: 'raiden.no_endpoint',
    })
  })

  it('POST /shutdown answers and ends the process with code 0', async () => {
    expect(await partner.call('POST', '/shutdown')).toEqual({ status: 200, body: { status: 'shutdown' } })
    expect(await partner.stop()).toBe(0)
  })

  it('has asked for everything that openapi.json documents', () => {
    expect(documented.filter((operation) => !exercised.has(operation))).toEqual([])
  })
})
