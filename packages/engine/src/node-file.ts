import { createHash } from 'node:crypto'
import { fstatSync, readSync } from 'node:fs'
import type { Sha256 } from '@vouch/hash'
import { TraceError } from './trace-file.ts'
import type { ByteSource } from './trace-file.ts'

export const nativeSha256: Sha256 = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** An open file, as long as it is now. Throws `TraceError` for what is no regular file. */
export function sourceOf(file: number): ByteSource {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw new TraceError('trace/magic', 'a trace is a regular file')
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length)
    let at = 0
    while (at < length) {
      const count = readSync(file, bytes, at, length - at, offset + at)
      if (count === 0) break
      at += count
    }
    return bytes.subarray(0, at)
  }
  return { size: stat.size, read, sha256: nativeSha256 }
}
