/** Values of arguments. Each parser says in one line what it takes; Refusal 'argument.value' when it is something else. */
import { Refusal } from '@consign/envelope'
import { parseTokens } from '@consign/terms'
import { type Hex, isAddress, parseEther } from 'viem'

export type Parser<T> = { hint: string; parse(text: string): T }

const refused = (text: string, wanted: string): Refusal =>
  new Refusal('argument.value', `"${text}" is not ${wanted}`)

export const text: Parser<string> = { hint: 'TEXT', parse: (given) => given }
export const file: Parser<string> = { hint: 'FILE', parse: (given) => given }
export const folder: Parser<string> = { hint: 'FOLDER', parse: (given) => given }

export const address: Parser<Hex> = {
  hint: 'ADDRESS',
  parse(given) {
    if (!isAddress(given))
      throw refused(given, 'an address: 0x and 40 hex digits, in one case or with a right checksum')
    return given.toLowerCase() as Hex
  },
}

/** Of an HTTP server. */
export const url: Parser<string> = {
  hint: 'URL',
  parse(given) {
    if (!/^https?:\/\/[^/\s]/.test(given) || !URL.canParse(given))
      throw refused(given, 'a URL; write it like http://127.0.0.1:5001')
    return given
  },
}

/** 32 bytes. */
export const hash: Parser<Hex> = {
  hint: 'HASH',
  parse(given) {
    if (!/^0x[0-9a-f]{64}$/i.test(given)) throw refused(given, 'a hash: 0x and 64 hex digits')
    return given.toLowerCase() as Hex
  },
}

/** 65 bytes of a wallet, or what an account with code takes. */
export const signature: Parser<Hex> = {
  hint: 'HEX',
  parse(given) {
    if (!/^0x([0-9a-f]{2})+$/i.test(given)) throw refused(given, 'a signature: 0x and hex digits')
    return given.toLowerCase() as Hex
  },
}

export const number: Parser<number> = {
  hint: 'NUMBER',
  parse(given) {
    if (!/^(0|[1-9][0-9]{0,14})$/.test(given)) throw refused(given, 'a whole number')
    return Number(given)
  },
}

export const uint32: Parser<number> = {
  hint: 'NUMBER',
  parse(given) {
    const value = number.parse(given)
    if (value > 0xffffffff) throw refused(given, 'a number below 2^32')
    return value
  },
}

/** In the smallest unit. */
export const tokens: Parser<bigint> = { hint: 'TOKENS', parse: (given) => parseTokens(given) }

/** In wei. */
export const ether: Parser<bigint> = {
  hint: 'ETHER',
  parse(given) {
    if (!/^(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$/.test(given))
      throw refused(given, 'an amount of ether; write it like "2" or "0.25"')
    return parseEther(given)
  },
}

/** UTC, in milliseconds. */
export const time: Parser<number> = {
  hint: 'TIME',
  parse(given) {
    const written = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/.test(given)
    const timeMs = written ? Date.parse(given) : Number.NaN
    if (Number.isNaN(timeMs)) throw refused(given, 'a time in UTC; write it like 2026-11-02T08:30Z')
    return timeMs
  },
}

/** NAME=FILE. */
export const named: Parser<{ name: string; file: string }> = {
  hint: 'NAME=FILE',
  parse(given) {
    const at = given.indexOf('=')
    if (at < 1 || at === given.length - 1)
      throw refused(given, 'a name and a file, like supplier=supplier.json')
    return { name: given.slice(0, at), file: given.slice(at + 1) }
  },
}
