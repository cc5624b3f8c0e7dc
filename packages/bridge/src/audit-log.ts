import { keyOf, keyedBlake3 } from '@vouch/hash'
import { canonicalManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { HASH_BYTES, RecordWriter, padded, payloadBytes } from './record.ts'
import type { AuditRecord } from './record.ts'

/*
 * The audit log, version 1. Integers are little-endian u32; H is keyed BLAKE3.
 *
 *   header   'VOUCHAUD', version, length of the manifest, canonical manifest, H(all before)
 *   PREPARE  'VPRE', length of the record, record
 *   COMMIT   'VCMT', seq of the record
 *
 * PREPARE is appended before a call takes effect and COMMIT after it, so a log that ends between them was cut there,
 * and the call did not happen. The root is the hash of the last record, or of the header. Nothing in the file is left
 * to choice: manifest and records determine every byte.
 */

export const LOG_MAGIC = Uint8Array.from('VOUCHAUD', (c) => c.charCodeAt(0))
export const LOG_VERSION = 1
/** Magic, version, length of the manifest. */
export const LOG_HEAD_BYTES = 16
export const PREPARE = 0x45525056
export const COMMIT = 0x544d4356
export const FRAME_BYTES = 8
/** Largest log that is opened: the largest `limits.audit`, and room for the record that ends the run. */
export const MAX_LOG_BYTES = 2 ** 27 + 2 ** 20
/** Most sections of a log: each is an object for whoever opens it. */
export const MAX_LOG_SECTIONS = 2 ** 20

const HEADER_KEY = keyOf('vouch audit header v1')

/** Where a log goes. */
export interface AuditSink {
  /** The bytes are the caller's again when this returns. */
  append(bytes: Uint8Array): void
  flush(): void
}

/** A log that is being written. */
export interface AuditLog {
  /** Before the call takes effect. Its `seq` is `count`. */
  prepare(record: AuditRecord): void
  /** After the call took effect. */
  commit(): void
  /** Hash of the last committed record, or of the header. */
  readonly root: Uint8Array
  /** Committed records. */
  readonly count: number
  /** Appended, the header included. */
  readonly bytes: number
}

export const headerHash = (header: Uint8Array): Uint8Array => keyedBlake3(HEADER_KEY, header)

function encodeHeader(manifest: Manifest): Uint8Array {
  const text = new TextEncoder().encode(canonicalManifest(manifest))
  const end = LOG_HEAD_BYTES + text.length
  const bytes = new Uint8Array(end + HASH_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(LOG_MAGIC)
  view.setUint32(8, LOG_VERSION, true)
  view.setUint32(12, text.length, true)
  bytes.set(text, LOG_HEAD_BYTES)
  bytes.set(headerHash(bytes.subarray(0, end)), end)
  return bytes
}

/** Bytes that `prepare` and `commit` append for a record. */
export const framedBytes = (record: AuditRecord): number =>
  2 * FRAME_BYTES + RecordWriter.headBytes(record) + payloadBytes(record)

const ZEROS = new Uint8Array(3)
const MOST_PART_BYTES = 2 ** 20

/** Appends the header at once. Throws what the sink throws, and `ManifestError`. */
export function createLog(manifest: Manifest, sink: AuditSink): AuditLog {
  const header = encodeHeader(manifest)
  const writer = new RecordWriter()
  const commitFrame = new Uint8Array(FRAME_BYTES)
  const commitView = new DataView(commitFrame.buffer)
  commitView.setUint32(0, COMMIT, true)
  let root: Uint8Array = header.slice(header.length - HASH_BYTES)
  let count = 0
  let bytes = header.length
  let prepared = false
  sink.append(header)

  return {
    get root() {
      return root
    },
    get count() {
      return count
    },
    get bytes() {
      return bytes
    },
    prepare(record) {
      if (prepared) throw new Error('the record before is not committed')
      if (record.seq !== count) throw new RangeError(`record ${record.seq} does not follow ${count} others`)
      const end = writer.write(record, root, FRAME_BYTES)
      const payload = record.sections.length === 0 ? 0 : payloadBytes(record)
      writer.setWord(0, PREPARE)
      writer.setWord(4, end - FRAME_BYTES + payload)
      prepared = true
      sink.append(writer.bytes.subarray(0, end))
      bytes += end + payload
      if (payload === 0) return
      for (const section of record.sections) {
        if (section.payload === undefined) continue
        const { length } = section.payload
        sink.append(section.payload)
        if (length % 4 !== 0) sink.append(ZEROS.subarray(0, padded(length) - length))
      }
    },
    commit() {
      if (!prepared) throw new Error('no record is prepared')
      commitView.setUint32(4, count, true)
      sink.append(commitFrame)
      bytes += FRAME_BYTES
      prepared = false
      root = writer.hash
      count++
    },
  }
}

/** Keeps the log in memory, in parts: one array that grows would be copied over and over. */
export function memorySink(): AuditSink & { bytes(): Uint8Array } {
  const full: Uint8Array[] = []
  let part = new Uint8Array(4096)
  let used = 0
  let total = 0
  return {
    append(bytes) {
      const { length } = bytes
      if (used + length > part.length) {
        full.push(part.subarray(0, used))
        part = new Uint8Array(Math.max(length, Math.min(2 * part.length, MOST_PART_BYTES)))
        used = 0
      }
      part.set(bytes, used)
      used += length
      total += length
    },
    flush() {},
    bytes() {
      const all = new Uint8Array(total)
      let at = 0
      for (const piece of [...full, part.subarray(0, used)]) {
        all.set(piece, at)
        at += piece.length
      }
      return all
    },
  }
}
