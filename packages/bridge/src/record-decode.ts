import { keyedBlake3, sha256 as platformSha256 } from '@vouch/hash'
import type { Sha256 } from '@vouch/hash'
import { standsAt, toHex } from './audit-bytes.ts'
import { AuditError } from './audit-error.ts'
import {
  CLASSES,
  FAULTS,
  HASH_BYTES,
  HEAD_BYTES,
  MAX_RECORD_SECTIONS,
  OUTCOMES,
  RECORD_KEY,
  RECORD_MAGIC,
  SECTION_BYTES,
  SECTION_KINDS,
  isInline,
} from './record.ts'
import type { AuditRecord, Section } from './record.ts'

/** A record as it stands in bytes. Its arrays are views of them. */
export interface ParsedRecord {
  readonly record: AuditRecord
  readonly previous: Uint8Array
  readonly hash: Uint8Array
  /** Where the payloads begin, and end. */
  readonly headEnd: number
  readonly end: number
}

const RAM_BYTES = 2 ** 30

/**
 * The shape of a record that ends at or before `limit`: every field in its range, sections in order, padding zero.
 * Hashes and digests are not looked at. What it allocates is linear in the bytes it has. Throws `AuditError`.
 */
export function parseRecord(bytes: Uint8Array, view: DataView, offset: number, limit: number): ParsedRecord {
  const available = limit - offset
  if (available < HEAD_BYTES + HASH_BYTES)
    throw new AuditError('audit/truncated', 'head', HEAD_BYTES + HASH_BYTES, available)
  const word = (at: number): number => view.getUint32(offset + at, true)
  const seq = word(4)
  const name = <T extends string>(field: string, names: readonly T[], at: number): T => {
    const found = names[word(at)]
    if (found === undefined)
      throw new AuditError('audit/format', field, `a code below ${names.length}`, word(at), seq)
    return found
  }
  if (word(0) !== RECORD_MAGIC) throw new AuditError('audit/format', 'magic', RECORD_MAGIC, word(0))
  const direct = word(64)
  if (direct > 1) throw new AuditError('audit/format', 'direct', '0 or 1', direct, seq)
  const count = word(104)
  if (count > MAX_RECORD_SECTIONS)
    throw new AuditError('audit/too-large', 'sections', `at most ${MAX_RECORD_SECTIONS}`, count, seq)
  const headBytes = HEAD_BYTES + SECTION_BYTES * count + HASH_BYTES
  if (headBytes > available)
    throw new AuditError('audit/truncated', 'sections', `${headBytes} bytes`, available, seq)
  const hashAt = offset + headBytes - HASH_BYTES
  const cursor = { payload: hashAt + HASH_BYTES }
  const sections: Section[] = []
  for (let i = 0; i < count; i++) {
    const at = offset + HEAD_BYTES + SECTION_BYTES * i
    sections.push(parseSection(bytes, view, at, cursor, limit, i, seq))
    if (i > 0) checkOrder(sections[i - 1], sections[i], i, seq)
  }
  const record: AuditRecord = {
    seq,
    clk: word(8),
    pc: word(12),
    nextPc: word(16),
    number: word(20),
    args: [word(24), word(28), word(32), word(36), word(40), word(44)],
    result: word(48) | 0,
    errno: word(52),
    class: name('class', CLASSES, 56),
    outcome: name('outcome', OUTCOMES, 60),
    direct: direct === 1,
    requested: word(68),
    done: word(72),
    charged: word(76),
    fault: name('fault', FAULTS, 80),
    faultAddress: word(84),
    epoch: word(88),
    privateCursor: word(92),
    publicCursor: word(96),
    journalCursor: word(100),
    kernelRoot: bytes.subarray(offset + 108, offset + 140),
    sections,
  }
  return {
    record,
    previous: bytes.subarray(offset + 140, offset + HEAD_BYTES),
    hash: bytes.subarray(hashAt, hashAt + HASH_BYTES),
    headEnd: hashAt + HASH_BYTES,
    end: cursor.payload,
  }
}

function parseSection(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  cursor: { payload: number },
  limit: number,
  index: number,
  seq: number,
): Section {
  const fail = (field: string, expected: string | number, got: number): AuditError =>
    new AuditError('audit/format', `sections[${index}].${field}`, expected, got, seq)
  const kind = SECTION_KINDS[bytes[at] - 1]
  if (kind === undefined) throw fail('kind', `a code from 1 to ${SECTION_KINDS.length}`, bytes[at])
  if (bytes[at + 1] > 1) throw fail('hidden', '0 or 1', bytes[at + 1])
  const shape = {
    kind,
    address: view.getUint32(at + 4, true),
    length: view.getUint32(at + 8, true),
    hidden: bytes[at + 1] === 1,
    digest: bytes.subarray(at + 12, at + SECTION_BYTES),
  }
  const inline = isInline(shape)
  if (bytes[at + 2] !== (inline ? 1 : 0)) throw fail('inline', inline ? 1 : 0, bytes[at + 2])
  if (bytes[at + 3] !== 0) throw fail('zero', 0, bytes[at + 3])
  if (kind === 'copyin' || kind === 'copyout') {
    if (shape.address >= RAM_BYTES) throw fail('address', 'an address in RAM', shape.address)
    if (shape.length === 0 || shape.address + shape.length > RAM_BYTES)
      throw fail('length', 'some bytes in RAM', shape.length)
  }
  if (kind === 'register' && shape.length !== 4) throw fail('length', 4, shape.length)
  if (!inline) return shape
  const start = cursor.payload
  // Not `padded`: a hostile length does not fit 31 bits.
  const end = start + shape.length + ((4 - (shape.length % 4)) % 4)
  if (end > limit)
    throw new AuditError('audit/truncated', `sections[${index}].payload`, end - start, limit - start, seq)
  for (let i = start + shape.length; i < end; i++) if (bytes[i] !== 0) throw fail('padding', 0, bytes[i])
  cursor.payload = end
  return { ...shape, payload: bytes.subarray(start, start + shape.length) }
}

/** Kinds in order; bytes of memory neither overlap nor descend, slots ascend, the others do not descend. */
function checkOrder(before: Section, section: Section, index: number, seq: number): void {
  const [a, b] = [SECTION_KINDS.indexOf(before.kind), SECTION_KINDS.indexOf(section.kind)]
  if (b < a)
    throw new AuditError(
      'audit/format',
      `sections[${index}].kind`,
      `${before.kind} or later`,
      section.kind,
      seq,
    )
  if (b > a) return
  const isMemory = section.kind === 'copyin' || section.kind === 'copyout'
  const least = before.address + (isMemory ? before.length : section.kind === 'register' ? 1 : 0)
  if (section.address < least)
    throw new AuditError(
      'audit/format',
      `sections[${index}].address`,
      `at least ${least}`,
      section.address,
      seq,
    )
}

/** The hash of a record, then the digest of each payload. Throws `AuditError`. */
export function checkHashes(
  bytes: Uint8Array,
  offset: number,
  parsed: ParsedRecord,
  sha256: Sha256 = platformSha256,
): void {
  const { record, hash, headEnd } = parsed
  const expected = keyedBlake3(RECORD_KEY, bytes.subarray(offset, headEnd - HASH_BYTES))
  if (!standsAt(hash, 0, expected))
    throw new AuditError('audit/hash', 'hash', toHex(expected), toHex(hash), record.seq)
  for (let i = 0; i < record.sections.length; i++) {
    const { payload, digest } = record.sections[i]
    if (payload === undefined) continue
    const found = sha256(payload)
    if (!standsAt(digest, 0, found))
      throw new AuditError('audit/digest', `sections[${i}].payload`, toHex(digest), toHex(found), record.seq)
  }
}

/**
 * The record at `offset`, and where it ends. Accepts exactly what `encodeRecord` writes. Its arrays are views of
 * `bytes`. Throws `AuditError`, whatever the bytes are.
 */
export function decodeRecord(
  bytes: Uint8Array,
  offset = 0,
  sha256?: Sha256,
): {
  readonly record: AuditRecord
  readonly previous: Uint8Array
  readonly hash: Uint8Array
  readonly end: number
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parsed = parseRecord(bytes, view, offset, bytes.length)
  checkHashes(bytes, offset, parsed, sha256)
  const { record, previous, hash, end } = parsed
  return { record, previous, hash, end }
}
