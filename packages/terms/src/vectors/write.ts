/** Writes packages/terms/vectors/: `npm run -w @consign/terms vectors`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { buildVectors } from './build.ts'
import { exampleDrafts } from './examples.ts'

const folder = new URL('../../vectors/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, content] of Object.entries(await buildVectors(exampleDrafts()))) {
  writeFileSync(new URL(name, folder), `${JSON.stringify(content, undefined, 2)}\n`)
}
