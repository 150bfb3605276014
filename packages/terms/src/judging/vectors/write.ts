/** Writes packages/terms/vectors/judgements.json: `npm run -w @consign/terms vectors`. */
import { writeFileSync } from 'node:fs'
import { buildJudgements } from './build.ts'

const file = new URL('../../../vectors/judgements.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(buildJudgements(), undefined, 2)}\n`)
