import { sha256 as platformSha256 } from '@vouch/hash'
import type { Sha256 } from '@vouch/hash'
import { standsAt, toHex } from './audit-bytes.ts'
import { AuditError, failureOf } from './audit-error.ts'
import type { AuditFailure } from './audit-error.ts'
import {
  COMMIT,
  FRAME_BYTES,
  LOG_HEAD_BYTES,
  LOG_MAGIC,
  LOG_VERSION,
  MAX_LOG_BYTES,
  MAX_LOG_SECTIONS,
  PREPARE,
  headerHash,
} from './audit-log.ts'
import { MAX_MANIFEST_BYTES, canonicalManifest, parseManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { ManifestError } from './manifest-reader.ts'
import { checkHashes, parseRecord } from './record-decode.ts'
import { HASH_BYTES } from './record.ts'
import type { AuditRecord } from './record.ts'

export interface LoggedRecord {
  readonly record: AuditRecord
  readonly hash: Uint8Array
}

/** A log whose bytes are all as they should be. The arrays in it are views of the bytes it was opened from. */
export interface OpenedLog {
  readonly ok: true
  readonly manifest: Manifest
  /** 64 hex digits. */
  readonly manifestDigest: string
  readonly records: readonly LoggedRecord[]
  readonly root: Uint8Array
}

export type OpenResult = OpenedLog | { readonly ok: false; readonly failure: AuditFailure }

export interface Recovery {
  /** Not ok when the header is not whole. */
  readonly log: OpenResult
  /** Up to the last record that was committed whole; 0 when `log` is not ok. */
  readonly validBytes: number
  readonly lostBytes: number
  /** Why what is lost was refused; 'audit/truncated' for a log that was cut while it was written. */
  readonly reason?: AuditFailure
}

/** All of a log, strictly. What it says is checked by `replay`; this checks that it says it. */
export function openLog(bytes: Uint8Array, sha256: Sha256 = platformSha256): OpenResult {
  const { log, reason } = recover(bytes, sha256)
  return reason === undefined ? log : { ok: false, failure: reason }
}

/** The longest prefix that is a log. */
export function recover(bytes: Uint8Array, sha256: Sha256 = platformSha256): Recovery {
  const records: LoggedRecord[] = []
  let header: ReturnType<typeof readHeader> | undefined
  let at = 0
  let root: Uint8Array = new Uint8Array(0)
  let reason: AuditFailure | undefined
  try {
    if (bytes.length > MAX_LOG_BYTES)
      throw new AuditError('audit/too-large', 'log', `at most ${MAX_LOG_BYTES} bytes`, bytes.length)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    header = readHeader(bytes, view, sha256)
    at = header.end
    root = header.root
    let sections = 0
    while (at < bytes.length) {
      const { record, hash, end } = readFrames(bytes, view, at, records.length, root, sha256)
      sections += record.sections.length
      if (sections > MAX_LOG_SECTIONS)
        throw new AuditError(
          'audit/too-large',
          'sections',
          `at most ${MAX_LOG_SECTIONS}`,
          sections,
          record.seq,
        )
      records.push({ record, hash })
      at = end
      root = hash
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error
    reason = failureOf(error)
  }
  const why = reason === undefined ? {} : { reason }
  if (header === undefined)
    return { log: { ok: false, failure: reason! }, validBytes: 0, lostBytes: bytes.length, ...why }
  const { manifest, manifestDigest } = header
  return {
    log: { ok: true, manifest, manifestDigest, records, root },
    validBytes: at,
    lostBytes: bytes.length - at,
    ...why,
  }
}

function readHeader(bytes: Uint8Array, view: DataView, sha256: Sha256) {
  const magic = bytes.subarray(0, LOG_MAGIC.length)
  if (!standsAt(LOG_MAGIC, 0, magic))
    throw new AuditError('audit/magic', 'magic', toHex(LOG_MAGIC), toHex(magic))
  const whole = (length: number): void => {
    if (bytes.length < length)
      throw new AuditError('audit/truncated', 'header', `${length} bytes`, bytes.length)
  }
  whole(LOG_HEAD_BYTES)
  const version = view.getUint32(8, true)
  if (version !== LOG_VERSION) throw new AuditError('audit/version', 'version', LOG_VERSION, version)
  const length = view.getUint32(12, true)
  if (length > MAX_MANIFEST_BYTES)
    throw new AuditError('audit/too-large', 'manifest', `at most ${MAX_MANIFEST_BYTES} bytes`, length)
  const hashAt = LOG_HEAD_BYTES + length
  const end = hashAt + HASH_BYTES
  whole(end)
  const root = bytes.subarray(hashAt, end)
  const expected = headerHash(bytes.subarray(0, hashAt))
  if (!standsAt(root, 0, expected)) throw new AuditError('audit/hash', 'header', toHex(expected), toHex(root))
  const text = bytes.subarray(LOG_HEAD_BYTES, hashAt)
  return { manifest: readManifest(text), manifestDigest: toHex(sha256(text)), root, end }
}

function readManifest(bytes: Uint8Array): Manifest {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  let manifest: Manifest
  try {
    manifest = parseManifest(text)
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error
    const { path, expected, got } = error
    throw new AuditError('audit/manifest', path === '' ? 'manifest' : `manifest.${path}`, expected, got)
  }
  if (canonicalManifest(manifest) !== text)
    throw new AuditError('audit/manifest', 'manifest', 'its canonical text', 'another')
  return manifest
}

/** A PREPARE frame and its COMMIT. The cheap checks first, and the chain before the hash, so that errors say most. */
function readFrames(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  seq: number,
  root: Uint8Array,
  sha256: Sha256,
): { record: AuditRecord; hash: Uint8Array; end: number } {
  const left = bytes.length - at
  if (left < 4) {
    for (let i = 0; i < left; i++)
      if (bytes[at + i] !== ((PREPARE >>> (8 * i)) & 0xff))
        throw new AuditError('audit/trailing', 'frame', 'the end, or a record', `${left} bytes`, seq)
  } else if (view.getUint32(at, true) !== PREPARE)
    throw new AuditError('audit/trailing', 'frame', 'the end, or a record', `${left} bytes`, seq)
  if (left < FRAME_BYTES) throw new AuditError('audit/truncated', 'frame', FRAME_BYTES, left, seq)
  const start = at + FRAME_BYTES
  const length = view.getUint32(at + 4, true)
  if (length > bytes.length - start)
    throw new AuditError('audit/truncated', 'record', `${length} bytes`, bytes.length - start, seq)
  const end = start + length
  const parsed = parseRecord(bytes, view, start, end)
  if (parsed.end !== end) throw new AuditError('audit/frame', 'length', parsed.end - start, length, seq)
  const { record, previous, hash } = parsed
  if (record.seq !== seq) throw new AuditError('audit/sequence', 'seq', seq, record.seq, seq)
  if (!standsAt(previous, 0, root))
    throw new AuditError('audit/previous', 'previous', toHex(root), toHex(previous), seq)
  checkHashes(bytes, start, parsed, sha256)
  const ends = bytes.length - end
  if (ends >= 4 && view.getUint32(end, true) !== COMMIT)
    throw new AuditError('audit/frame', 'commit', COMMIT, view.getUint32(end, true), seq)
  if (ends < FRAME_BYTES) throw new AuditError('audit/truncated', 'commit', FRAME_BYTES, ends, seq)
  if (view.getUint32(end + 4, true) !== seq)
    throw new AuditError('audit/frame', 'commit.seq', seq, view.getUint32(end + 4, true), seq)
  return { record, hash, end: end + FRAME_BYTES }
}
