import { inflateRawSync } from 'node:zlib'

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const STORED = 0
const DEFLATED = 8

/**
 * One file out of a Python wheel, which is a ZIP archive (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16): the sizes are read from the directory at its end. Throws
 * when the file is not in it. Neither ZIP64 nor encryption, which wheels do not use.
 */
export function fileOfWheel(wheel, name) {
  const end = wheel.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (end < 0 || wheel.readUInt32LE(end) !== END_OF_DIRECTORY) throw new Error('it is not a ZIP archive')
  let at = wheel.readUInt32LE(end + 16)
  for (let left = wheel.readUInt16LE(end + 10); left > 0; left--) {
    if (wheel.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('its directory is damaged')
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      wheel.readUInt16LE(at + offset),
    )
    if (wheel.toString('utf8', at + 46, at + 46 + nameLength) === name) return contentAt(wheel, at)
    at += 46 + nameLength + extraLength + commentLength
  }
  throw new Error(`there is no ${name} in it`)
}

function contentAt(wheel, entry) {
  const method = wheel.readUInt16LE(entry + 10)
  const size = wheel.readUInt32LE(entry + 20)
  const header = wheel.readUInt32LE(entry + 42)
  const start = header + 30 + wheel.readUInt16LE(header + 26) + wheel.readUInt16LE(header + 28)
  const content = wheel.subarray(start, start + size)
  if (method === STORED) return content
  if (method === DEFLATED) return inflateRawSync(content)
  throw new Error(`it is compressed by method ${method}`)
}
