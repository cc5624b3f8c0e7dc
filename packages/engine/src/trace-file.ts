import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import type { Program } from './elf.ts'
import type { Halt, TrapCause } from './halt.ts'
import { JOURNAL_CURSOR, PUBLIC_CURSOR, RAM_SIZE, REGISTER_SLOTS } from './trace-types.ts'
import type { CopyRecord, EcallRecord, HaltRecord, TouchedMemory, TraceChunk } from './trace-types.ts'

/*
 * The trace file, version 1. Integers are little-endian u32; H is SHA-256.
 *
 *   header   magic[8] version chunkRows entry codeCount programDigest[32] pc[codeCount] word[codeCount] H(all before)
 *   chunk    frame[28] checksum[32] chain[32] payload           as many as were full, and the last one
 *   trailer  the same with kind 2; a file without one was cut while it was written
 *
 *   frame    kind index firstClk rows ecalls copies payloadBytes
 *   checksum H(payload);  chain H(chain before ‖ frame ‖ checksum), starting from the header's hash
 *
 * A chunk's payload is its COLUMNS, then its ecalls (16 words each), then the copied words of those ecalls (5 words
 * each). All chunks but the last have chunkRows rows, so the chunk of a cycle is known without a search.
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

/** SHA-256 of the parts in order. */
export type Sha256 = (...parts: Uint8Array[]) => Uint8Array

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
export const TRACE_VERSION = 1
/** Before the code table. */
export const HEADER_BYTES = 56
export const HASH_BYTES = 32
/** What `Frame` says, in bytes; then its checksum, then the chain. */
export const FRAME_BYTES = 28
export const PREFIX_BYTES = FRAME_BYTES + 2 * HASH_BYTES
export const MAX_CHUNK_ROWS = 2 ** 20
/** Words copied by the ecalls of a chunk. They are read as objects, so this bounds what a hostile file costs. */
export const MAX_CHUNK_COPIES = 2 ** 24
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
const ECALL_WORDS = ECALL_FIELDS.length + 2
const COPY_WORDS = 5

const RECORD_FIELDS = [
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
const RECORD_WORDS = RECORD_FIELDS.length + 1
const HALT_WORDS = 8
/** Of a symbol in the trailer; longer names are cut. */
export const MAX_SYMBOL_BYTES = 1024

export const CHUNK = 1
export const TRAILER = 2

/** What the frame of a chunk says. In the trailer `rows` counts touched words and `copies` the bytes of a symbol. */
export interface Frame {
  readonly kind: number
  readonly index: number
  readonly firstClk: number
  readonly rows: number
  readonly ecalls: number
  readonly copies: number
  readonly payloadBytes: number
}

/** How the run ended, and the state it ended in. */
export interface TraceEnd {
  readonly halt: Halt
  /** Absent when the run has no proof. */
  readonly record: HaltRecord | undefined
  readonly registersFinal: Uint32Array
  readonly registersFinalTs: Uint32Array
  readonly memory: TouchedMemory
}

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const platformSha256: Sha256 = (...parts) => {
  const hash = nobleSha256.create()
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** True for equal bytes. Not constant in time: nothing here is a secret. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i])

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')

/** Identifies what a program starts with: entry, instructions, initial memory. Symbols do not count. */
export function programDigest(program: Program, sha256: Sha256 = platformSha256): Uint8Array {
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
  return sha256(new TextEncoder().encode('vouch trace program v1'), bytes)
}

export function encodeHeader(program: Program, chunkRows: number, sha256: Sha256): Uint8Array {
  const { entry, code } = program
  const bytes = new Uint8Array(HEADER_BYTES + 8 * code.length + HASH_BYTES)
  const view = viewOf(bytes)
  bytes.set(TRACE_MAGIC, 0)
  ;[TRACE_VERSION, chunkRows, entry, code.length].forEach((n, i) => view.setUint32(8 + 4 * i, n, true))
  bytes.set(programDigest(program, sha256), 24)
  code.forEach(({ pc, word }, i) => {
    view.setUint32(HEADER_BYTES + 4 * i, pc, true)
    view.setUint32(HEADER_BYTES + 4 * (code.length + i), word, true)
  })
  const end = bytes.length - HASH_BYTES
  bytes.set(sha256(bytes.subarray(0, end)), end)
  return bytes
}

export function encodeFrame(frame: Frame): Uint8Array {
  const { kind, index, firstClk, rows, ecalls, copies, payloadBytes } = frame
  const bytes = new Uint8Array(FRAME_BYTES)
  const view = viewOf(bytes)
  ;[kind, index, firstClk, rows, ecalls, copies, payloadBytes].forEach((n, i) =>
    view.setUint32(4 * i, n, true),
  )
  return bytes
}

export function decodeFrame(bytes: Uint8Array): Frame {
  const view = viewOf(bytes)
  const [kind, index, firstClk, rows, ecalls, copies, payloadBytes] = Array.from({ length: 7 }, (_, i) =>
    view.getUint32(4 * i, true),
  )
  return { kind, index, firstClk, rows, ecalls, copies, payloadBytes }
}

/** Bytes the payload of a frame must have. */
export const payloadSize = (frame: Frame): number =>
  frame.kind === CHUNK
    ? 4 * (COLUMNS.length * frame.rows + ECALL_WORDS * frame.ecalls + COPY_WORDS * frame.copies)
    : 4 * (HALT_WORDS + RECORD_WORDS + 2 * REGISTER_SLOTS + 4 * frame.rows) + frame.copies

/** Fills a payload of `payloadSize` bytes. */
export function encodeChunk(chunk: TraceChunk, ecalls: readonly EcallRecord[], bytes: Uint8Array): void {
  const view = viewOf(bytes)
  let at = 0
  for (const column of COLUMNS) at = putColumn(view, at, chunk[column], chunk.rows)
  for (const e of ecalls) {
    ECALL_FIELDS.forEach((field, i) => view.setUint32(at + 4 * i, e[field], true))
    view.setUint32(at + 4 * ECALL_FIELDS.length, e.copies.length, true)
    at += 4 * ECALL_WORDS
  }
  for (const e of ecalls)
    for (const { addr, before, after, prev, offset, count } of e.copies) {
      ;[addr, before, after, prev, offset | (count << 8)].forEach((n, i) =>
        view.setUint32(at + 4 * i, n, true),
      )
      at += 4 * COPY_WORDS
    }
}

/** The inverse of `encodeChunk` for a payload of the right size. Throws `TraceError` ('trace/format'). */
export function decodeChunk(frame: Frame, payload: Uint8Array): { chunk: TraceChunk; ecalls: EcallRecord[] } {
  const { index, firstClk, rows } = frame
  const view = viewOf(payload)
  const column = (i: number): Uint32Array => getColumn(view, 4 * rows * i, rows)
  const columns = Object.fromEntries(COLUMNS.map((name, i) => [name, column(i)])) as Record<
    (typeof COLUMNS)[number],
    Uint32Array
  >
  let at = 4 * rows * COLUMNS.length
  let copyAt = at + 4 * ECALL_WORDS * frame.ecalls
  const ecalls: EcallRecord[] = []
  let clk = firstClk - 1
  for (let i = 0; i < frame.ecalls; i++) {
    const word = (field: number): number => view.getUint32(at + 4 * field, true)
    const count = word(ECALL_FIELDS.length)
    const fields = Object.fromEntries(ECALL_FIELDS.map((name, field) => [name, word(field)])) as Record<
      (typeof ECALL_FIELDS)[number],
      number
    >
    if (fields.clk <= clk || fields.clk >= firstClk + rows)
      throw new TraceError('trace/format', 'an ecall is out of order', index)
    clk = fields.clk
    if (![0, PUBLIC_CURSOR, JOURNAL_CURSOR].includes(fields.cursor) || word(ECALL_FIELDS.length + 1) !== 0)
      throw new TraceError('trace/format', `the ecall of cycle ${clk} is malformed`, index)
    if (copyAt + 4 * COPY_WORDS * count > payload.length)
      throw new TraceError('trace/format', 'an ecall has more copied words than its chunk', index)
    const copies: CopyRecord[] = []
    for (let n = 0; n < count; n++, copyAt += 4 * COPY_WORDS) {
      const [addr, before, after, prev, lanes] = [0, 4, 8, 12, 16].map((o) =>
        view.getUint32(copyAt + o, true),
      )
      const copy = { addr, before, after, prev, offset: lanes & 0xff, count: lanes >>> 8 }
      if (addr % 4 !== 0 || addr >= RAM_SIZE || copy.count < 1 || copy.offset + copy.count > 4)
        throw new TraceError('trace/format', `the ecall of cycle ${clk} copied no word of RAM`, index)
      copies.push(copy)
    }
    ecalls.push({ ...fields, copies })
    at += 4 * ECALL_WORDS
  }
  if (copyAt !== payload.length)
    throw new TraceError('trace/format', 'the chunk has more copied words than its ecalls', index)
  return { chunk: { firstClk, rows, ...columns }, ecalls }
}

const HALT_KINDS = ['', 'exit', 'trap', 'limit', 'aborted'] as const
const RECORD_KINDS = ['', 'exit', 'ebreak'] as const
const CAUSE_NAMES: Readonly<Record<TrapCause, number>> = {
  'illegal-instruction': 1,
  'fetch-outside-code': 2,
  'misaligned-fetch': 3,
  'misaligned-load': 4,
  'misaligned-store': 5,
  'out-of-range-load': 6,
  'out-of-range-store': 7,
  ebreak: 8,
  'unsupported-syscall': 9,
  'syscall-fault': 10,
  'journal-full': 11,
}
const HAS_ADDRESS = 1
const HAS_NUMBER = 2
const HAS_SYMBOL = 4

/** A symbol's bytes in the trailer: what could steer a terminal becomes '?', and names are cut to a bound. */
export function symbolBytes(symbol: string | undefined): Uint8Array {
  const shown = (symbol ?? '').slice(0, MAX_SYMBOL_BYTES / 4).replaceAll(CONTROL, '?')
  const bytes = new TextEncoder().encode(shown)
  const padded = new Uint8Array(4 * Math.ceil(bytes.length / 4))
  padded.set(bytes)
  return padded
}
const CONTROL = /[\p{Cc}\p{Cf}]/gu

/** Fills the trailer's payload; `symbol` is `symbolBytes(end.halt.symbol)`. */
export function encodeEnd(end: TraceEnd, symbol: Uint8Array, bytes: Uint8Array): void {
  const { halt, record, memory } = end
  const trap = halt.kind === 'trap' ? halt : undefined
  const flags =
    (trap?.address === undefined ? 0 : HAS_ADDRESS) |
    (trap?.number === undefined ? 0 : HAS_NUMBER) |
    (halt.symbol === undefined ? 0 : HAS_SYMBOL)
  const value = halt.kind === 'exit' ? halt.code : halt.kind === 'limit' ? halt.limit : 0
  const words = [
    HALT_KINDS.indexOf(halt.kind),
    trap === undefined ? 0 : CAUSE_NAMES[trap.cause],
    halt.pc,
    halt.cycle,
    flags,
    trap?.address ?? 0,
    trap?.number ?? 0,
    value,
    record === undefined ? 0 : RECORD_KINDS.indexOf(record.kind),
    ...RECORD_FIELDS.map((field) => (record === undefined ? 0 : record[field])),
  ]
  const view = viewOf(bytes)
  let at = putColumn(view, 0, words, words.length)
  at = putColumn(view, at, end.registersFinal, REGISTER_SLOTS)
  at = putColumn(view, at, end.registersFinalTs, REGISTER_SLOTS)
  for (const column of [memory.addr, memory.initial, memory.final, memory.finalTs])
    at = putColumn(view, at, column, memory.addr.length)
  bytes.set(symbol, at)
}

/** The inverse of `encodeEnd`, for a run of `cycles` rows. Throws `TraceError` ('trace/format'). */
export function decodeEnd(frame: Frame, payload: Uint8Array, cycles: number): TraceEnd {
  const fail = (message: string): never => {
    throw new TraceError('trace/format', message, frame.index)
  }
  const view = viewOf(payload)
  const word = (i: number): number => view.getUint32(4 * i, true)
  const [kind, cause, pc, cycle, flags, address, number, value] = getColumn(view, 0, HALT_WORDS)
  const text = new TextDecoder().decode(payload.subarray(payload.length - frame.copies)).replace(/\0+$/, '')
  if (text.search(CONTROL) !== -1) fail('a symbol with control characters')
  const symbol = (flags & HAS_SYMBOL) === 0 ? undefined : text
  if (cycle !== cycles && cycle !== cycles + 1) fail('the halt is in another cycle than the last')
  const at = { pc, symbol, cycle }
  const halt = ((): Halt => {
    switch (HALT_KINDS[kind]) {
      case 'exit':
        return { kind: 'exit', code: value, ...at }
      case 'trap': {
        const name = (Object.keys(CAUSE_NAMES) as TrapCause[]).find((c) => CAUSE_NAMES[c] === cause)
        return {
          kind: 'trap',
          cause: name ?? fail('an unknown trap'),
          ...((flags & HAS_ADDRESS) === 0 ? {} : { address }),
          ...((flags & HAS_NUMBER) === 0 ? {} : { number }),
          ...at,
        }
      }
      case 'limit':
        if (value !== cycles || value < 1) fail('an impossible cycle limit')
        return { kind: 'limit', limit: value, ...at }
      case 'aborted':
        return { kind: 'aborted', ...at }
      default:
        return fail('an unknown halt')
    }
  })()
  const recordKind = RECORD_KINDS[word(HALT_WORDS)]
  if (recordKind === undefined) fail('an unknown halt record')
  const record =
    recordKind === ''
      ? undefined
      : {
          kind: recordKind,
          ...(Object.fromEntries(RECORD_FIELDS.map((f, i) => [f, word(HALT_WORDS + 1 + i)])) as Record<
            (typeof RECORD_FIELDS)[number],
            number
          >),
        }
  if (record !== undefined && record.clk !== cycles) fail('the halt record is of another cycle than the last')
  let offset = 4 * (HALT_WORDS + RECORD_WORDS)
  const take = (count: number): Uint32Array => {
    const column = getColumn(view, offset, count)
    offset += 4 * count
    return column
  }
  const registersFinal = take(REGISTER_SLOTS)
  const registersFinalTs = take(REGISTER_SLOTS)
  const [addr, initial, final, finalTs] = [0, 1, 2, 3].map(() => take(frame.rows))
  for (let i = 0; i < addr.length; i++)
    if (addr[i] % 4 !== 0 || addr[i] >= RAM_SIZE || (i > 0 && addr[i] <= addr[i - 1]))
      fail('touched memory is out of order')
  return { halt, record, registersFinal, registersFinalTs, memory: { addr, initial, final, finalTs } }
}

/** A machine that keeps words as the file does; then a column is copied in one go. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

function putColumn(view: DataView, at: number, column: ArrayLike<number>, count: number): number {
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
