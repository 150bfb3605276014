import type { webcrypto } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import 'reflect-metadata' // @peculiar/x509 injects its parts by it
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const VALID_DAYS = 7

export type CertificateFiles = { certificateFile: string; keyFile: string }
export type CertificateAuthority = {
  caFile: string
  /** A certificate for a server on 127.0.0.1 and localhost. */
  issueServer(dir: string, name: string): Promise<CertificateFiles>
  /** A client certificate whose CN is the device id. */
  issueDevice(dir: string, deviceId: string): Promise<CertificateFiles>
}

/** A certificate authority for one run; its key never leaves this process. Leaf keys are written with mode 0600. */
export async function createCertificateAuthority(dir: string): Promise<CertificateAuthority> {
  x509.cryptoProvider.set(crypto)
  const keys = await generateKeys()
  const validity = {
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + VALID_DAYS * 86_400_000),
  }
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Consign demo CA',
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  const caFile = join(dir, 'ca.pem')
  writeFileSync(caFile, ca.toString('pem'))

  const issue = async (
    into: string,
    file: string,
    name: string,
    usage: string,
    extensions: x509.Extension[],
  ): Promise<CertificateFiles> => {
    const leaf = await generateKeys()
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: `CN=${name}`,
      issuer: ca.subject,
      ...validity,
      signingAlgorithm: ALGORITHM,
      publicKey: leaf.publicKey,
      signingKey: keys.privateKey,
      extensions: [new x509.ExtendedKeyUsageExtension([usage]), ...extensions],
    })
    const key = x509.PemConverter.encode(
      await crypto.subtle.exportKey('pkcs8', leaf.privateKey),
      'PRIVATE KEY',
    )
    const files = { certificateFile: join(into, `${file}.crt`), keyFile: join(into, `${file}.key`) }
    writeFileSync(files.certificateFile, certificate.toString('pem'))
    writeFileSync(files.keyFile, key, { mode: 0o600 })
    return files
  }
  const localNames = new x509.SubjectAlternativeNameExtension([
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'localhost' },
  ])
  return {
    caFile,
    issueServer: (into, name) => issue(into, name, name, x509.ExtendedKeyUsage.serverAuth, [localNames]),
    issueDevice: (into, deviceId) => issue(into, 'device', deviceId, x509.ExtendedKeyUsage.clientAuth, []),
  }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}

/** Positive and 8 bytes long (RFC 5280 4.1.2.2). */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes.toHex()
}
