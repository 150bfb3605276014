// Checks answers of a node against openapi.json: a status that is not listed, or a body of another shape, fails the test that got it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

type Schema = Record<string, unknown>
type Operation = { responses: Record<string, { content: { 'application/json': { schema: Schema } } }> }
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Schema } }

const FILE = new URL('../openapi.json', import.meta.url)
const openapi = JSON.parse(readFileSync(FILE, 'utf8')) as Document

type Check = ((value: unknown) => boolean) & { errors?: unknown }
const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020') as {
  Ajv2020: new (
    options: object,
  ) => { addSchema(schema: object, id: string): void; compile(schema: object): Check }
}
const ajv = new Ajv2020({ strict: false })
ajv.addSchema(openapi as object, 'openapi')

/** Throws when the answer is none that the document promises. */
export function checkAnswer(method: string, url: string, status: number, body: unknown): void {
  const path = pathOf(url)
  if (path === undefined) return
  const operation = openapi.paths[path]?.[method.toLowerCase()]
  if (!operation) return
  const response = operation.responses[status]
  if (!response)
    throw new Error(`openapi.json has no ${status} for ${method} ${path}: ${JSON.stringify(body)}`)
  const check = checkOf(`#/paths/${pointer(path)}/${method.toLowerCase()}/responses/${status}`)
  if (!check(body))
    throw new Error(
      `${method} ${path} ${status} is not as openapi.json says: ${JSON.stringify(check.errors)} in ${JSON.stringify(body)}`,
    )
}

const checks = new Map<string, Check>()

function checkOf(response: string): Check {
  const known = checks.get(response)
  if (known) return known
  const check = ajv.compile({ $ref: `openapi${response}/content/application~1json/schema` })
  checks.set(response, check)
  return check
}

function pathOf(url: string): string | undefined {
  const parts = url.split('?')[0]!.split('/')
  return Object.keys(openapi.paths).find((path) => {
    const names = path.split('/')
    return (
      names.length === parts.length && names.every((name, i) => name.startsWith('{') || name === parts[i])
    )
  })
}

function pointer(path: string): string {
  return encodeURIComponent(path.replaceAll('~', '~0').replaceAll('/', '~1'))
}
