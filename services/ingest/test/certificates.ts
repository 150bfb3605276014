/** Certificates for tests: one authority, a server on 127.0.0.1, devices by their id. PEM texts. */
import type { webcrypto } from 'node:crypto'
import 'reflect-metadata' // @peculiar/x509 injects its parts by it
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const HOUR_MS = 3_600_000

export type Pem = { cert: string; key: string }
export type TestAuthority = {
  ca: string
  server(): Promise<Pem>
  /** `commonName`: a device id, or what a test wants instead. */
  device(commonName: string): Promise<Pem>
}

export async function testAuthority(): Promise<TestAuthority> {
  x509.cryptoProvider.set(crypto)
  const validity = {
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + 24 * HOUR_MS),
  }
  const keys = await newKeys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Ingest test CA',
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  let serial = 1
  const issue = async (commonName: string, extensions: x509.Extension[]): Promise<Pem> => {
    const leaf = await newKeys()
    serial += 1
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial.toString(16).padStart(4, '0'),
      subject: `CN=${commonName}`,
      issuer: ca.subject,
      ...validity,
      signingAlgorithm: ALGORITHM,
      publicKey: leaf.publicKey,
      signingKey: keys.privateKey,
      extensions,
    })
    const key = await crypto.subtle.exportKey('pkcs8', leaf.privateKey)
    return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') }
  }
  return {
    ca: ca.toString('pem'),
    server: () =>
      issue('ingest', [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
      ]),
    device: (commonName) =>
      issue(commonName, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>
}
