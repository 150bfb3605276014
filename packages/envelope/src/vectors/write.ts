/** Writes packages/envelope/vectors/: `npm run -w @consign/envelope vectors`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { buildVectors } from './build.ts'

const folder = new URL('../../vectors/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, content] of Object.entries(await buildVectors()))
  writeFileSync(new URL(name, folder), `${JSON.stringify(content, undefined, 2)}\n`)
