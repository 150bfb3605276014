/**
 * A command: what it is called, what it takes, what it does. Help and the reading of arguments derive from it. A command answers with a Report
 * and throws a Refusal for what is wrong with its input; nothing else writes to the terminal.
 */
import type { Context } from './context.ts'
import type { Parser } from './values.ts'

export type Option<Need extends string = string, T = unknown> = {
  need: Need
  parser: Parser<T>
  help: string
}
export type Options = Record<string, Option>

export const required = <T>(parser: Parser<T>, help: string): Option<'required', T> => ({
  need: 'required',
  parser,
  help,
})
export const optional = <T>(parser: Parser<T>, help: string): Option<'optional', T> => ({
  need: 'optional',
  parser,
  help,
})
/** May be given several times. */
export const repeated = <T>(parser: Parser<T>, help: string): Option<'repeated', T> => ({
  need: 'repeated',
  parser,
  help,
})
export const flag = (help: string): Option<'flag', boolean> => ({
  need: 'flag',
  parser: { hint: '', parse: () => true },
  help,
})

type ValueOf<O> =
  O extends Option<infer Need, infer T>
    ? Need extends 'required'
      ? T
      : Need extends 'optional'
        ? T | undefined
        : Need extends 'repeated'
          ? T[]
          : boolean
    : never
export type Values<O> = { [Name in keyof O]: ValueOf<O[Name]> }

/** `lines` for people, `data` for machines: hex, decimal strings, milliseconds. */
export type Report = { lines: string[]; data: Record<string, unknown> }

/** Options that all commands may take. */
export type CommonOption = 'rpc' | 'key-file' | 'deployment' | 'dry-run'

export type Command = {
  /** Group and action: "agreement start". */
  name: string
  summary: string
  /** What else is worth knowing; whole sentences. */
  details?: string
  example: string
  options: Options
  /** Of the common options, those that it takes; all, when it does not say. */
  common?: readonly CommonOption[]
  run(context: Context, values: Record<string, unknown>): Promise<Report>
}

/** Types the values of `run` by the options. */
export function command<O extends Options>(definition: {
  name: string
  summary: string
  details?: string
  example: string
  options: O
  common?: readonly CommonOption[]
  run(context: Context, values: Values<O>): Promise<Report>
}): Command {
  return { ...definition, run: (context, values) => definition.run(context, values as Values<O>) }
}
