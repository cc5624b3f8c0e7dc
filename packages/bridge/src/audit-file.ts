import * as crypto from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { toHex } from './audit-bytes.ts'
import { AuditError } from './audit-error.ts'
import { MAX_LOG_BYTES, framedBytes } from './audit-log.ts'
import type { AuditSink } from './audit-log.ts'
import { recover } from './audit-open.ts'
import type { AuditRecord } from './record.ts'
import type { Sha256 } from '@vouch/hash'

// Node 20.12 and later.
const oneShot = crypto.hash as typeof crypto.hash | undefined

/** SHA-256 of the platform, for `BridgeOptions.sha256`. */
export const nativeSha256: Sha256 = (...parts) => {
  if (parts.length === 1 && oneShot !== undefined)
    return new Uint8Array(oneShot('sha256', parts[0], 'buffer'))
  const hash = crypto.createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

const BUFFER_BYTES = 2 ** 16

export interface FileOptions {
  /** `flush` waits until the disk has it. */
  readonly fsync?: boolean
}

/** What was appended is in the file after `flush` or `close`, and survives a kill of the process from then on. */
export interface FileSink extends AuditSink {
  close(): void
}

/** Makes or empties a file for a log, readable by its owner only. Throws what node:fs throws. */
export function createAuditFile(path: string, options: FileOptions = {}): FileSink {
  return fileSink(openSync(path, 'w', 0o600), 0, options)
}

/** A run that goes on after its process was killed. */
export interface ResumedFile {
  /** What the file holds, committed and whole. */
  readonly records: readonly AuditRecord[]
  /**
   * For the run from its start: what the file holds already is compared, the rest is appended. Throws `AuditError`
   * 'audit/resume' for a run that differs from the one that was killed.
   */
  readonly sink: FileSink
}

/**
 * Cuts a file after its last whole record and goes on with it. A file killed before its header was whole starts anew.
 * Throws `AuditError` for a file that is no log, or whose records do not end where it was cut but were changed, and
 * leaves it as it is; and what node:fs throws.
 */
export function resumeAuditFile(path: string, options: FileOptions = {}): ResumedFile {
  const file = openSync(path, 'r+')
  try {
    const bytes = readWhole(file)
    const { log, validBytes, reason } = recover(bytes, nativeSha256)
    if (reason !== undefined && reason.code !== 'audit/truncated')
      throw new AuditError(reason.code, reason.field ?? 'log', reason.expected, reason.got, reason.seq)
    ftruncateSync(file, validBytes)
    const records = log.ok ? log.records.map(({ record }) => record) : []
    const existing = bytes.subarray(0, validBytes)
    return { records, sink: comparing(existing, records, fileSink(file, validBytes, options)) }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function fileSink(file: number, position: number, options: FileOptions): FileSink {
  const regular = fstatSync(file).isFile()
  if (regular) fchmodSync(file, 0o600)
  const buffer = new Uint8Array(BUFFER_BYTES)
  let used = 0
  let at = position
  const write = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;) {
      const count = writeSync(file, bytes, done, bytes.length - done, regular ? at : null)
      done += count
      at += count
    }
  }
  const drain = (): void => {
    write(buffer.subarray(0, used))
    used = 0
  }
  return {
    append(bytes) {
      if (used + bytes.length > BUFFER_BYTES) drain()
      if (bytes.length > BUFFER_BYTES) {
        write(bytes)
        return
      }
      buffer.set(bytes, used)
      used += bytes.length
    },
    flush() {
      drain()
      if (regular && options.fsync === true) fsyncSync(file)
    },
    close() {
      try {
        drain()
        if (regular) fsyncSync(file)
      } finally {
        closeSync(file)
      }
    },
  }
}

function comparing(existing: Uint8Array, records: readonly AuditRecord[], rest: FileSink): FileSink {
  let at = 0
  return {
    append(bytes) {
      const known = Math.min(bytes.length, existing.length - at)
      for (let i = 0; i < known; i++)
        if (bytes[i] !== existing[at + i]) throw differs(existing, records, at + i, bytes.subarray(i, known))
      at += known
      if (known < bytes.length) rest.append(known === 0 ? bytes : bytes.subarray(known))
    },
    flush: () => rest.flush(),
    close: () => rest.close(),
  }
}

/** Names the record around a byte of the file. */
function differs(
  existing: Uint8Array,
  records: readonly AuditRecord[],
  at: number,
  bytes: Uint8Array,
): AuditError {
  const shown = (from: Uint8Array): string => toHex(from.subarray(0, 8))
  let end = existing.length
  let i = records.length
  while (i > 0 && end > at) end -= framedBytes(records[--i])
  const seq = end > at ? undefined : i
  return new AuditError('audit/resume', `byte ${at}`, shown(existing.subarray(at)), shown(bytes), seq)
}

/** Throws `AuditError` ('audit/too-large') before it reads. */
function readWhole(file: number): Uint8Array {
  const stat = fstatSync(file)
  if (!stat.isFile()) throw new AuditError('audit/magic', 'log', 'a regular file', 'another')
  if (stat.size > MAX_LOG_BYTES)
    throw new AuditError('audit/too-large', 'log', `at most ${MAX_LOG_BYTES} bytes`, stat.size)
  const bytes = new Uint8Array(stat.size)
  let at = 0
  while (at < bytes.length) {
    const count = readSync(file, bytes, at, bytes.length - at, at)
    if (count === 0) break
    at += count
  }
  return bytes.subarray(0, at)
}
