import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { onChain } from '../sdk/channels.ts'
import type { MendedRaiden } from '../sdk/mended-raiden.ts'
import type { ApiContext } from './context.ts'
import { integerField, parseBody, UINT256_MAX } from './fields.ts'
import { ApiRefusal } from './refusal.ts'

const change = z.strictObject({
  total_deposit: integerField.optional(),
  planned_withdraw_amount: integerField.optional(),
  withdraw_amount: integerField.optional(),
})

/** The deposit that pays Raiden's services. GET is of the TypeScript node; POST is Raiden's. */
export function userDepositRoutes(api: FastifyInstance, { raiden }: ApiContext): void {
  api.get('/user_deposit', async () => {
    const node = raiden()
    const [token, balance, total] = await onChain(
      Promise.all([node.userDepositTokenAddress(), node.getUDCCapacity(), node.getUDCTotalDeposit()]),
    )
    return {
      udc_token_address: token,
      udc_address: node.contractsInfo.UserDeposit.address,
      balance: balance.toString(),
      total_deposit: total.toString(),
    }
  })

  api.post('/user_deposit', async ({ body }) => {
    const asked = parseBody(change, body)
    const given = Object.entries(asked).filter(([, value]) => value !== undefined)
    const [only] = given
    if (!only || given.length > 1)
      throw new ApiRefusal(
        400,
        'raiden.one_change',
        "Should provide one of 'total_deposit', 'planned_withdraw_amount' or 'withdraw_amount' argument",
      )
    const [name, amount] = only as [keyof typeof asked, bigint]
    if (amount <= 0n || amount > UINT256_MAX)
      throw new ApiRefusal(409, 'raiden.amount', `${name} must be greater than zero and less than 2^256.`)
    return CHANGES[name](raiden(), amount)
  })
}

const CHANGES = {
  async total_deposit(node: MendedRaiden, total: bigint) {
    const present = BigInt((await onChain(node.getUDCTotalDeposit())).toString())
    if (total <= present)
      throw new ApiRefusal(
        409,
        'raiden.deposit',
        `The total deposit is ${present} already and must be higher.`,
      )
    return { transaction_hash: await onChain(node.depositToUDC(String(total - present))) }
  },
  async planned_withdraw_amount(node: MendedRaiden, amount: bigint) {
    // The SDK would take the whole balance for anything above it.
    const balance = BigInt((await onChain(node.getUDCCapacity())).toString())
    if (amount > balance) throw new ApiRefusal(409, 'raiden.amount', `The balance is ${balance}.`)
    const transaction_hash = await onChain(node.planUDCWithdraw(String(amount)))
    const plan = await onChain(node.getUDCWithdrawPlan())
    // The contract counts seconds; the documentation's planned_withdraw_block_number is of an older one.
    return { transaction_hash, planned_withdrawable_after: plan?.withdrawableAfter }
  },
  async withdraw_amount(node: MendedRaiden, amount: bigint) {
    const plan = await onChain(node.getUDCWithdrawPlan())
    // The SDK would wait for its time, however long.
    if (plan && !plan.ready)
      throw new ApiRefusal(
        409,
        'raiden.too_early',
        `The planned withdrawal is possible from ${plan.withdrawableAfter} s UTC on.`,
      )
    return { transaction_hash: await onChain(node.withdrawFromUDC(String(amount))) }
  },
}
