// Audits one shipment from outside: node tools/demo/audit/main.ts QUERY.json prints the shipment's document on stdout.
// It reads JetStream, the chain and the device's file, and asks none of the services. Exit 0 all checks hold, 1 not, 2 it could not be audited.
import { readFileSync } from 'node:fs'
import { type AuditQuery, audit } from './report.ts'

const [file] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: node tools/demo/audit/main.ts QUERY.json; npm run demo -- --keep writes one\n')
  process.exitCode = 2
} else {
  try {
    const document = await audit(JSON.parse(readFileSync(file, 'utf8')) as AuditQuery)
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    process.exitCode = Object.values(document.checks).every(Boolean) ? 0 : 1
  } catch (error) {
    // 1 would say that it was audited.
    const { code, message } = error as Error & { code?: string }
    process.stderr.write(`${code ?? 'audit.failed'}: ${message}\n`)
    process.exitCode = 2
  }
}
