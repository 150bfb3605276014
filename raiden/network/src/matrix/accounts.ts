// Accounts of the homeserver: one per wallet, made by its first login. Raiden's rule (its auth provider for Synapse): the user is the address in lower
// case, the password its EIP-191 signature of the server's name, the display name its signature of the user id.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import { type Address, type Hex, isAddress, isHex, recoverMessageAddress } from 'viem'
import type { Store } from '../store.ts'

const ACCOUNTS_MAX = 64

export type Account = { displayname: string; avatarUrl: string; online: boolean }

export class Accounts {
  readonly #store: Store
  /** Known when the port is: `127.0.0.1:8008`. */
  readonly #serverName: () => string

  constructor(store: Store, serverName: () => string) {
    this.#store = store
    this.#serverName = serverName
  }

  userId(address: Address): string {
    return `@${address}:${this.#serverName()}`
  }

  /** The wallet of a user id of this server, undefined for any other text. */
  addressOf(userId: string): Address | undefined {
    const address = userId.slice(1, 43).toLowerCase()
    return isAddress(address) && userId === this.userId(address) ? address : undefined
  }

  /** An access token for who can sign as `user`; throws M_FORBIDDEN. */
  async logIn(user: string, password: string): Promise<{ address: Address; token: string }> {
    const address = user as Address
    if (
      user !== user.toLowerCase() ||
      !isAddress(user) ||
      !(await isSigner(address, this.#serverName(), password))
    )
      throw new Refusal(
        'M_FORBIDDEN',
        `log in as a wallet address in lower case; the password is its EIP-191 signature of ${this.#serverName()}`,
      )
    const { count } = this.#row<{ count: number }>('SELECT count(*) AS count FROM account')!
    if (count >= ACCOUNTS_MAX && this.find(address) === undefined)
      throw new Refusal(
        'M_LIMIT_EXCEEDED',
        `this development homeserver has ${ACCOUNTS_MAX} accounts at most`,
      )
    this.#store.db.prepare('INSERT INTO account (address) VALUES (?) ON CONFLICT DO NOTHING').run(address)
    return { address, token: `${address}.${this.#mac(address)}` }
  }

  /** Whose access token it is; throws M_UNKNOWN_TOKEN. */
  whoHas(token: string): Address {
    const [address = '', mac = ''] = token.split('.', 2)
    const expected = Buffer.from(this.#mac(address))
    const given = Buffer.from(mac)
    if (given.length === expected.length && timingSafeEqual(given, expected) && this.find(address as Address))
      return address as Address
    throw new Refusal('M_UNKNOWN_TOKEN', 'log in: the access token is not one of this server')
  }

  find(address: Address): Account | undefined {
    const row = this.#row<{ displayname: string; avatar_url: string; online: number }>(
      'SELECT displayname, avatar_url, online FROM account WHERE address = ?',
      address,
    )
    return row && { displayname: row.displayname, avatarUrl: row.avatar_url, online: row.online === 1 }
  }

  /** Peers accept a node's messages only under a display name that its wallet signed; throws M_FORBIDDEN for another. */
  async setDisplayName(address: Address, displayname: string): Promise<void> {
    if (!(await isSigner(address, this.userId(address), displayname)))
      throw new Refusal('M_FORBIDDEN', 'the display name must be the EIP-191 signature of the user id')
    this.#store.db.prepare('UPDATE account SET displayname = ? WHERE address = ?').run(displayname, address)
  }

  /** Raiden keeps a node's capabilities in the avatar's URL. */
  setAvatarUrl(address: Address, url: string): void {
    this.#store.db.prepare('UPDATE account SET avatar_url = ? WHERE address = ?').run(url, address)
  }

  setOnline(address: Address, online: boolean): void {
    if (this.find(address)?.online === online) return
    this.#store.db.prepare('UPDATE account SET online = ? WHERE address = ?').run(Number(online), address)
  }

  #row<T>(sql: string, ...values: string[]): T | undefined {
    return this.#store.db.prepare(sql).get(...values) as T | undefined
  }

  #mac(address: string): string {
    return createHmac('sha256', this.#store.secret).update(address).digest('base64url')
  }
}

async function isSigner(address: Address, message: string, signature: string): Promise<boolean> {
  if (!isHex(signature)) return false
  try {
    return (await recoverMessageAddress({ message, signature: signature as Hex })).toLowerCase() === address
  } catch {
    return false
  }
}
