import { keyOf, keyedBlake3 } from '@vouch/hash'

/** How a call ended. */
export type Outcome = 'commit' | 'abort' | 'partial' | 'deny' | 'noreturn'

/**
 * Who vouches for a result. D: a function of the committed state, replayed by the verifier. A: advice, of which only the
 * shape is checked. P: bytes left the machine.
 */
export type AssuranceClass = 'D' | 'A' | 'P'

export type FaultKind = 'none' | 'absent' | 'no-write' | 'no-read' | 'range' | 'capability'

/** copyin: guest memory read. copyout: guest memory written. outbox: bytes that left. register: a slot written. */
export type SectionKind = 'copyin' | 'copyout' | 'outbox' | 'register' | 'advice'

export interface Section {
  readonly kind: SectionKind
  /** Byte address; the slot of a register; the descriptor of an outbox; 0 for advice. */
  readonly address: number
  readonly length: number
  /** The bytes are secret: `digest` is salted, and there is no payload. */
  readonly hidden: boolean
  /** 32 bytes. SHA-256(bytes), or, when hidden, SHA-256(salt ‖ seq ‖ index of the section ‖ bytes), both u32. */
  readonly digest: Uint8Array
  /** `length` bytes. Absent when hidden, and for an outbox. */
  readonly payload?: Uint8Array
}

/** One system call, whatever became of it. */
export interface AuditRecord {
  /** Contiguous from 0. */
  readonly seq: number
  readonly clk: number
  readonly pc: number
  /** 0 for a call that did not return. */
  readonly nextPc: number
  /** a7 */
  readonly number: number
  /** a0..a5; 0 where the call takes no such argument. Calls with an unknown number have all six. */
  readonly args: readonly number[]
  /** a0 after, signed. */
  readonly result: number
  /** Positive; 0 for none. */
  readonly errno: number
  readonly class: AssuranceClass
  readonly outcome: Outcome
  /** Proved by the chips of the streams. */
  readonly direct: boolean
  readonly requested: number
  readonly done: number
  readonly charged: number
  readonly fault: FaultKind
  /** 0xffffffff for none. */
  readonly faultAddress: number
  /** Of the memory map, after. */
  readonly epoch: number
  readonly privateCursor: number
  readonly publicCursor: number
  readonly journalCursor: number
  /** 32 bytes: digest of the kernel's state after. */
  readonly kernelRoot: Uint8Array
  /** copyin, copyout, outbox, register, advice; each kind ascending by address. */
  readonly sections: readonly Section[]
}

/*
 * A record as bytes. Integers are little-endian u32; H is keyed BLAKE3.
 *
 *   head      'VAR1', the fields above in their order, the number of sections, kernelRoot[32], previous[32]
 *   sections  kind u8, hidden u8, inline u8, 0 u8, address, length, digest[32]
 *   hash      H(all before)
 *   payloads  of the sections that are inline, each padded with zeros to a multiple of 4
 *
 * `previous` is the hash of the record before, or of the log's header. The hash reaches the payloads through their
 * digests, so a record can be checked without them.
 */

export const RECORD_MAGIC = 0x31524156
/** Magic, 25 words of fields, the number of sections. */
const ROOT_AT = 108
const PREVIOUS_AT = ROOT_AT + 32
export const HEAD_BYTES = PREVIOUS_AT + 32
export const SECTION_BYTES = 44
export const HASH_BYTES = 32
export const MAX_RECORD_SECTIONS = 2 ** 16
export const RECORD_KEY = keyOf('vouch audit record v1')

/** In the order of their codes, from 0. */
export const OUTCOMES: readonly Outcome[] = ['commit', 'abort', 'partial', 'deny', 'noreturn']
export const CLASSES: readonly AssuranceClass[] = ['D', 'A', 'P']
export const FAULTS: readonly FaultKind[] = ['none', 'absent', 'no-write', 'no-read', 'range', 'capability']
export const SECTION_KINDS: readonly SectionKind[] = ['copyin', 'copyout', 'outbox', 'register', 'advice']

export const padded = (length: number): number => (length + 3) & ~3

/** Whether the bytes of a section are in the log. */
export const isInline = (section: { readonly kind: SectionKind; readonly hidden: boolean }): boolean =>
  !section.hidden && section.kind !== 'outbox'

/** Writes heads of records into one buffer, over and over. */
export class RecordWriter {
  bytes = new Uint8Array(512)
  private view = new DataView(this.bytes.buffer)
  /** Of the last record written. */
  hash: Uint8Array = new Uint8Array(0)

  /** All of a record but its payloads, from `start`. Returns where it ends. Throws `RangeError` for a malformed one. */
  write(record: AuditRecord, previous: Uint8Array, start: number): number {
    const { sections, args } = record
    const hashAt = start + HEAD_BYTES + SECTION_BYTES * sections.length
    if (hashAt + HASH_BYTES > this.bytes.length) this.grow(hashAt + HASH_BYTES)
    const { bytes, view } = this
    view.setUint32(start, RECORD_MAGIC, true)
    view.setUint32(start + 4, record.seq, true)
    view.setUint32(start + 8, record.clk, true)
    view.setUint32(start + 12, record.pc, true)
    view.setUint32(start + 16, record.nextPc, true)
    view.setUint32(start + 20, record.number, true)
    for (let i = 0; i < 6; i++) view.setUint32(start + 24 + 4 * i, args[i], true)
    view.setInt32(start + 48, record.result, true)
    view.setUint32(start + 52, record.errno, true)
    view.setUint32(start + 56, codeIn(CLASSES, record.class), true)
    view.setUint32(start + 60, codeIn(OUTCOMES, record.outcome), true)
    view.setUint32(start + 64, record.direct ? 1 : 0, true)
    view.setUint32(start + 68, record.requested, true)
    view.setUint32(start + 72, record.done, true)
    view.setUint32(start + 76, record.charged, true)
    view.setUint32(start + 80, codeIn(FAULTS, record.fault), true)
    view.setUint32(start + 84, record.faultAddress, true)
    view.setUint32(start + 88, record.epoch, true)
    view.setUint32(start + 92, record.privateCursor, true)
    view.setUint32(start + 96, record.publicCursor, true)
    view.setUint32(start + 100, record.journalCursor, true)
    view.setUint32(start + 104, sections.length, true)
    bytes.set(record.kernelRoot, start + ROOT_AT)
    bytes.set(previous, start + PREVIOUS_AT)
    for (let i = 0; i < sections.length; i++)
      this.section(sections[i], start + HEAD_BYTES + SECTION_BYTES * i)
    this.hash = keyedBlake3(RECORD_KEY, bytes.subarray(start, hashAt))
    bytes.set(this.hash, hashAt)
    return hashAt + HASH_BYTES
  }

  /** Of a record, without its payloads. */
  static headBytes(record: AuditRecord): number {
    return HEAD_BYTES + SECTION_BYTES * record.sections.length + HASH_BYTES
  }

  /** `at` lies before what was written last. */
  setWord(at: number, value: number): void {
    this.view.setUint32(at, value, true)
  }

  private section(section: Section, at: number): void {
    const inline = isInline(section)
    if ((section.payload?.length ?? -1) !== (inline ? section.length : -1))
      throw new RangeError(`a section of ${section.length} bytes has another payload`)
    this.bytes[at] = codeIn(SECTION_KINDS, section.kind) + 1
    this.bytes[at + 1] = section.hidden ? 1 : 0
    this.bytes[at + 2] = inline ? 1 : 0
    this.bytes[at + 3] = 0
    this.view.setUint32(at + 4, section.address, true)
    this.view.setUint32(at + 8, section.length, true)
    this.bytes.set(section.digest, at + 12)
  }

  private grow(least: number): void {
    const bytes = new Uint8Array(Math.max(least, 2 * this.bytes.length))
    bytes.set(this.bytes)
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }
}

function codeIn(names: readonly string[], name: string): number {
  const code = names.indexOf(name)
  if (code < 0) throw new RangeError(`${name} is none of ${names.join(', ')}`)
  return code
}

/** Bytes of the payloads, with their padding. */
export function payloadBytes(record: AuditRecord): number {
  let total = 0
  for (const { payload } of record.sections) if (payload !== undefined) total += padded(payload.length)
  return total
}

const writer = new RecordWriter()

/** A record as its only encoding. `hash` is the chain's next `previous`. Throws `RangeError` for a malformed one. */
export function encodeRecord(
  record: AuditRecord,
  previous: Uint8Array,
): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
  const end = writer.write(record, previous, 0)
  const { hash } = writer
  if (record.sections.length === 0) return { bytes: writer.bytes.slice(0, end), hash }
  const bytes = new Uint8Array(end + payloadBytes(record))
  bytes.set(writer.bytes.subarray(0, end))
  let at = end
  for (const { payload } of record.sections) {
    if (payload === undefined) continue
    bytes.set(payload, at)
    at += padded(payload.length)
  }
  return { bytes, hash }
}
