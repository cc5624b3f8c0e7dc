import { sha256 } from '@vouch/hash'
import type { Sha256 } from '@vouch/hash'
import { EFFECT } from './effects.ts'
import type { Program } from './elf.ts'
import { REGISTER_SLOTS } from './trace-types.ts'

/*
 * The trace file, version 2. Integers are little-endian u32; H is SHA-256.
 *
 *   header   magic[8] version chunkRows entry codeCount programDigest[32] pc[codeCount] word[codeCount] H(all before)
 *   chunk    frame[36] checksum[32] chain[32] payload           as many as were full, and the last one
 *   trailer  the same with kind 2; a file without one was cut while it was written
 *
 *   frame    kind index firstClk rows ecalls copies audited effects payloadBytes
 *   checksum H(payload);  chain H(chain before ‖ frame ‖ checksum), starting from the header's hash
 *
 * A chunk's payload is its COLUMNS, its direct ecalls (16 words each), the copied words of those (5 words each), its
 * audited ecalls (4 words each) and the effects of those (EFFECT.words words each). All chunks but the last have
 * chunkRows rows, so the chunk of a cycle is known without a search.
 *
 * A file holds what the guest read, the private input included, as values of memory and registers.
 */

export type TraceErrorCode =
  | 'trace/truncated'
  | 'trace/magic'
  | 'trace/version'
  | 'trace/limits'
  | 'trace/header'
  | 'trace/format'
  | 'trace/checksum'
  | 'trace/chain'
  | 'trace/trailing'
  | 'trace/program'
  | 'trace/range'
  | 'trace/resume'

/** A trace file that is not what it should be; `chunk` is where, the trailer counting as one. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  readonly code: TraceErrorCode
  readonly chunk: number | undefined
  constructor(code: TraceErrorCode, message: string, chunk?: number) {
    super(chunk === undefined ? message : `chunk ${chunk}: ${message}`)
    this.code = code
    this.chunk = chunk
  }
}

/** Bytes that can be read anywhere. `read` answers fewer than asked for only past the end. */
export interface ByteSource {
  readonly size: number
  read(offset: number, length: number): Uint8Array
  /** A faster SHA-256 where the platform has one. */
  readonly sha256?: Sha256
}

/** Bytes that are appended; when `append` returns, a kill of the process no longer loses them. */
export interface ByteSink {
  append(bytes: Uint8Array): void
  readonly sha256?: Sha256
}

export const TRACE_MAGIC = Uint8Array.from('VOUCHTRC', (c) => c.charCodeAt(0))
export const TRACE_VERSION = 2
/** Before the code table. */
export const HEADER_BYTES = 56
export const HASH_BYTES = 32
/** What `Frame` says, in bytes; then its checksum, then the chain. */
export const FRAME_BYTES = 36
export const PREFIX_BYTES = FRAME_BYTES + 2 * HASH_BYTES
export const MAX_CHUNK_ROWS = 2 ** 20
/** Words copied by the ecalls of a chunk. They are read as objects, so this bounds what a hostile file costs. */
export const MAX_CHUNK_COPIES = 2 ** 24
/** Effects of the audited ecalls of a chunk. */
export const MAX_CHUNK_EFFECTS = 2 ** 24
/** In the trailer this is 2^26 touched words. */
export const MAX_PAYLOAD_BYTES = 2 ** 30

export const COLUMNS = [
  'pc',
  'rs1Value',
  'rs1Prev',
  'rs2Value',
  'rs2Prev',
  'rdBefore',
  'rdAfter',
  'rdPrev',
  'memAddr',
  'memBefore',
  'memAfter',
  'memPrev',
] as const

export const ECALL_FIELDS = [
  'clk',
  'pc',
  'number',
  'a0',
  'a1',
  'a2',
  'result',
  'a7Prev',
  'a0Prev',
  'a1Prev',
  'a2Prev',
  'cursor',
  'cursorBefore',
  'cursorPrev',
] as const
/** The fields, how many words were copied, and a zero. */
export const ECALL_WORDS = ECALL_FIELDS.length + 2
export const COPY_WORDS = 5
/** clk, pc, nextPc and how many effects. */
export const AUDITED_WORDS = 4

export const HALT_WORDS = 8
export const RECORD_FIELDS = [
  'clk',
  'pc',
  'number',
  'code',
  'a7Prev',
  'a0Prev',
  'publicCursor',
  'publicCursorPrev',
  'journalCursor',
  'journalCursorPrev',
] as const
/** Which kind of record, and the fields. */
export const RECORD_WORDS = RECORD_FIELDS.length + 1
/** Of a symbol in the trailer; longer names are cut. */
export const MAX_SYMBOL_BYTES = 1024

export const CHUNK = 1
export const TRAILER = 2

const FRAME_FIELDS = [
  'kind',
  'index',
  'firstClk',
  'rows',
  'ecalls',
  'copies',
  'audited',
  'effects',
  'payloadBytes',
] as const

/** What the frame of a chunk says. In the trailer `rows` counts touched words and `copies` the bytes of a symbol. */
export type Frame = Readonly<Record<(typeof FRAME_FIELDS)[number], number>>

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** True for equal bytes. Not constant in time: nothing here is a secret. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i])

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')

/** Identifies what a program starts with: entry, instructions, initial memory. Symbols do not count. */
export function programDigest(program: Program, hash: Sha256 = sha256): Uint8Array {
  const { entry, code, wordAddr, wordValue } = program
  const bytes = new Uint8Array(4 * (3 + 2 * code.length + 2 * wordAddr.length))
  const view = viewOf(bytes)
  ;[entry, code.length, wordAddr.length].forEach((n, i) => view.setUint32(4 * i, n, true))
  let at = 12
  for (const { pc, word } of code) {
    view.setUint32(at, pc, true)
    view.setUint32(at + 4, word, true)
    at += 8
  }
  at = putColumn(view, at, wordAddr, wordAddr.length)
  putColumn(view, at, wordValue, wordValue.length)
  return hash(new TextEncoder().encode('vouch trace program v1'), bytes)
}

export function encodeHeader(program: Program, chunkRows: number, hash: Sha256): Uint8Array {
  const { entry, code } = program
  const bytes = new Uint8Array(HEADER_BYTES + 8 * code.length + HASH_BYTES)
  const view = viewOf(bytes)
  bytes.set(TRACE_MAGIC, 0)
  ;[TRACE_VERSION, chunkRows, entry, code.length].forEach((n, i) => view.setUint32(8 + 4 * i, n, true))
  bytes.set(programDigest(program, hash), 24)
  code.forEach(({ pc, word }, i) => {
    view.setUint32(HEADER_BYTES + 4 * i, pc, true)
    view.setUint32(HEADER_BYTES + 4 * (code.length + i), word, true)
  })
  const end = bytes.length - HASH_BYTES
  bytes.set(hash(bytes.subarray(0, end)), end)
  return bytes
}

export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_BYTES)
  const view = viewOf(bytes)
  FRAME_FIELDS.forEach((field, i) => view.setUint32(4 * i, frame[field], true))
  return bytes
}

export function decodeFrame(bytes: Uint8Array): Frame {
  const view = viewOf(bytes)
  const fields = FRAME_FIELDS.map((field, i) => [field, view.getUint32(4 * i, true)])
  return Object.fromEntries(fields) as Frame
}

/** Bytes the payload of a frame must have. */
export const payloadSize = (frame: Frame): number =>
  frame.kind === CHUNK
    ? 4 *
      (COLUMNS.length * frame.rows +
        ECALL_WORDS * frame.ecalls +
        COPY_WORDS * frame.copies +
        AUDITED_WORDS * frame.audited +
        EFFECT.words * frame.effects)
    : 4 * (HALT_WORDS + RECORD_WORDS + 2 * REGISTER_SLOTS + 4 * frame.rows) + frame.copies

/** A machine that keeps words as the file does; then a column is copied in one go. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Puts `count` words at byte `at`; the byte after them. */
export function putColumn(view: DataView, at: number, column: ArrayLike<number>, count: number): number {
  if (LITTLE_ENDIAN && column instanceof Uint32Array) {
    const words = column.subarray(0, count)
    new Uint8Array(view.buffer, view.byteOffset + at).set(
      new Uint8Array(words.buffer, words.byteOffset, words.byteLength),
    )
  } else for (let i = 0; i < count; i++) view.setUint32(at + 4 * i, column[i], true)
  return at + 4 * count
}

/** `count` words from byte `at`. */
export function getColumn(view: DataView, at: number, count: number): Uint32Array {
  const column = new Uint32Array(count)
  if (LITTLE_ENDIAN)
    new Uint8Array(column.buffer).set(new Uint8Array(view.buffer, view.byteOffset + at, 4 * count))
  else for (let i = 0; i < count; i++) column[i] = view.getUint32(at + 4 * i, true)
  return column
}
