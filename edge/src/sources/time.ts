import { Refusal } from '@consign/envelope'

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?$/i

/**
 * ISO 8601 date and time in milliseconds since 1970; UTC where no offset is written. Refuses days that no calendar has.
 * Throws Refusal with the given code.
 */
export function parseIsoMs(text: string, code: string): number {
  const match = ISO.exec(text)
  if (!match) throw new Refusal(code, `"${text}" is not an ISO 8601 time such as 2016-08-09T19:00:11Z`)
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const millisecond = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const offsetMinutes = (match[8] === '-' ? -1 : 1) * (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0))
  const local = Date.UTC(year, month - 1, day, hour, minute, second, millisecond)
  const date = new Date(local)
  const real =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  if (!real) throw new Refusal(code, `"${text}" names a day or time that does not exist`)
  return local - offsetMinutes * 60_000
}
