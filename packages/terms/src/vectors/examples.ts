/** The drafts in packages/terms/examples, by name. */
import { readFileSync } from 'node:fs'
import { type CompleteDraft, parseTermsDraft } from '../draft.ts'

const folder = new URL('../../examples/', import.meta.url)

export const exampleDraft = (name: string): CompleteDraft =>
  parseTermsDraft(JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')))

export const exampleDrafts = (): Record<string, CompleteDraft> => ({
  default: exampleDraft('default'),
  'sc-a': exampleDraft('sc-a'),
  'sc-b': exampleDraft('sc-b'),
  'cold-chain': exampleDraft('cold-chain'),
})
