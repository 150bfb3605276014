/** Whether a subject matches a NATS filter: `*` stands for one token, `>` for one or more at the end. */
export function subjectMatches(filter: string, subject: string): boolean {
  const wanted = filter.split('.')
  const tokens = subject.split('.')
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '>') return tokens.length > i
    if (tokens[i] === undefined || (wanted[i] !== '*' && wanted[i] !== tokens[i])) return false
  }
  return tokens.length === wanted.length
}
