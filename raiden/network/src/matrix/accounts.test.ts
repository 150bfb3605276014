import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { beforeEach, expect, it } from 'vitest'
import { openStore, type Store } from '../store.ts'
import { Accounts } from './accounts.ts'

const SERVER = '127.0.0.1:8008'
const wallet = privateKeyToAccount(`0x${'01'.repeat(32)}`)
const other = privateKeyToAccount(`0x${'02'.repeat(32)}`)
const node = wallet.address.toLowerCase() as typeof wallet.address
const password = await wallet.signMessage({ message: SERVER })

let store: Store
let accounts: Accounts
beforeEach(() => {
  store = openStore()
  accounts = new Accounts(store, () => SERVER)
})

it('who signs the name of the server gets a token, and the same account each time', async () => {
  const { token } = await accounts.logIn(node, password)
  expect(accounts.whoHas(token)).toBe(node)
  accounts.setAvatarUrl(node, 'mxc://raiden.network/cap?Receive=1')
  await accounts.logIn(node, password)
  expect(accounts.find(node)?.avatarUrl).toBe('mxc://raiden.network/cap?Receive=1')
})

it('a token is good after a restart, and for no other server', async () => {
  const { token } = await accounts.logIn(node, password)
  expect(new Accounts(store, () => SERVER).whoHas(token)).toBe(node)
  const elsewhere = new Accounts(openStore(), () => SERVER)
  await elsewhere.logIn(node, password)
  expect(() => elsewhere.whoHas(token)).toThrow('log in')
})

it.each([
  ['the signature of another wallet', async () => [node, await other.signMessage({ message: SERVER })]],
  ['the name of another server', async () => [node, await wallet.signMessage({ message: '127.0.0.1:1' })]],
  ['an address that is not in lower case', async () => [wallet.address, password]],
  ['a password that is no signature', async () => [node, 'password']],
  ['a signature that is cut short', async () => [node, password.slice(0, 60)]],
  ['a name that is no address', async () => ['alice', password]],
])('refuses %s', async (_what, credentials) => {
  const [user, secret] = await credentials()
  await expect(accounts.logIn(user!, secret!)).rejects.toMatchObject({ code: 'M_FORBIDDEN' })
  expect(accounts.find(node)).toBeUndefined()
})

it('refuses tokens that it did not make', async () => {
  const { token } = await accounts.logIn(node, password)
  const [, mac] = token.split('.')
  for (const wrong of ['', node, `${node}.`, `${node}.${mac}x`, `${other.address.toLowerCase()}.${mac}`])
    expect(() => accounts.whoHas(wrong)).toThrow('log in')
})

it('a display name must be signed by the wallet: peers check it', async () => {
  await accounts.logIn(node, password)
  const userId = accounts.userId(node)
  await accounts.setDisplayName(node, await wallet.signMessage({ message: userId }))
  const foreign = await other.signMessage({ message: userId })
  await expect(accounts.setDisplayName(node, foreign)).rejects.toMatchObject({ code: 'M_FORBIDDEN' })
  await expect(accounts.setDisplayName(node, 'Alice')).rejects.toMatchObject({ code: 'M_FORBIDDEN' })
  expect(accounts.find(node)?.displayname).not.toBe(foreign)
})

it('knows the wallets of its own user ids only', () => {
  expect(accounts.addressOf(`@${node}:${SERVER}`)).toBe(node)
  for (const foreign of [`@${node}:elsewhere`, `@${wallet.address}:${SERVER}`, `@alice:${SERVER}`, ''])
    expect(accounts.addressOf(foreign)).toBeUndefined()
})

it('has a limited number of accounts, and goes on serving those', async () => {
  await accounts.logIn(node, password)
  const logInAnother = async () => {
    const another = privateKeyToAccount(generatePrivateKey())
    return accounts.logIn(another.address.toLowerCase(), await another.signMessage({ message: SERVER }))
  }
  for (let count = 1; count < 64; count++) await logInAnother()
  await expect(logInAnother()).rejects.toMatchObject({ code: 'M_LIMIT_EXCEEDED' })
  expect((await accounts.logIn(node, password)).address).toBe(node)
})
