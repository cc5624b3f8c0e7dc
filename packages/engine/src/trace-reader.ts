import { sha256 as portableSha256 } from '@vouch/hash'
import type { Sha256 } from '@vouch/hash'
import { MAX_CODE_SPAN, MAX_IMAGE_BYTES } from './elf.ts'
import type { CodeEntry } from './elf.ts'
import { decode } from './isa.ts'
import { decodeChunk } from './trace-chunk.ts'
import { decodeEnd } from './trace-end.ts'
import type { TraceEnd } from './trace-end.ts'
import {
  CHUNK,
  FRAME_BYTES,
  HASH_BYTES,
  HEADER_BYTES,
  MAX_CHUNK_COPIES,
  MAX_CHUNK_EFFECTS,
  MAX_CHUNK_ROWS,
  MAX_PAYLOAD_BYTES,
  MAX_SYMBOL_BYTES,
  PREFIX_BYTES,
  TRACE_MAGIC,
  TRACE_VERSION,
  TRAILER,
  TraceError,
  decodeFrame,
  getColumn,
  payloadSize,
  sameBytes,
  toHex,
  viewOf,
} from './trace-file.ts'
import type { ByteSource, Frame } from './trace-file.ts'
import { MAX_CYCLES, RAM_SIZE } from './trace-types.ts'
import type { AuditedRecord, Calls, EcallRecord, Trace, TraceChunk } from './trace-types.ts'

export interface OpenOptions {
  /** Give up everything from the first damaged chunk on, instead of throwing. Reads every chunk once. */
  readonly recover?: boolean
}

export interface ReadChunk extends Calls {
  readonly chunk: TraceChunk
}

/** An open trace. Chunks are read and checked when asked for; the last one stays in memory. */
export interface TraceReader {
  readonly version: number
  readonly chunkRows: number
  /** Hex; see `programDigest`. */
  readonly programDigest: string
  readonly entry: number
  /** Instructions in the code table. */
  readonly codeCount: number
  readonly codeAt: (pc: number) => CodeEntry | undefined
  /** Of the file. */
  readonly size: number
  readonly chunkCount: number
  /** Direct ecalls, and the words they copied. */
  readonly ecallCount: number
  readonly copyCount: number
  /** Audited ecalls, and the rows of their effects. */
  readonly auditedCount: number
  readonly effectCount: number
  /** Rows in whole chunks. */
  readonly cycles: number
  /** Bytes up to the end of the last chunk that is full: what a run that is traced again makes in any case. */
  readonly fullBytes: number
  /** The trailer is there: the run came to its end. */
  readonly complete: boolean
  /** At the end of the file, and not readable. */
  readonly lostBytes: number
  /** What `recover` passed over. */
  readonly damage: TraceError | undefined
  /** Throws `TraceError` ('trace/checksum', 'trace/format', 'trace/range'). */
  readonly chunk: (index: number) => ReadChunk
  /** Undefined when not complete. Throws as `chunk` does. */
  readonly end: () => TraceEnd | undefined
}

interface Place {
  readonly frame: Frame
  readonly checksum: Uint8Array
  /** Of the payload. */
  readonly offset: number
}

/** A source over bytes in memory. */
export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
})

/**
 * Reads the header and the frames, never a payload unless the file was cut or `recover` is set. The bytes may come
 * from anyone: every length is checked against the file before it is used. Throws `TraceError`.
 *
 * A file that ends inside a chunk is not an error: it opens up to its last whole chunk, with `complete: false`.
 */
export function openTrace(source: ByteSource, options: OpenOptions = {}): TraceReader {
  const sha256 = source.sha256 ?? portableSha256
  const header = readHeader(source, sha256)
  const { chunkRows } = header
  const recover = options.recover === true
  const places: Place[] = []
  let trailer: Place | undefined
  let damage: TraceError | undefined
  let offset = header.bytes
  let fullBytes = offset
  let cycles = 0
  let chain: Uint8Array = header.chain

  const check = (place: Place): Uint8Array => {
    const payload = readExactly(source, place.offset, place.frame.payloadBytes)
    if (!sameBytes(sha256(payload), place.checksum))
      throw new TraceError('trace/checksum', 'the bytes were changed', place.frame.index)
    return payload
  }
  const decodeAt = (place: Place): ReadChunk => decodeChunk(place.frame, check(place))
  const endAt = (place: Place): TraceEnd => decodeEnd(place.frame, check(place), cycles)

  try {
    while (trailer === undefined && source.size - offset >= PREFIX_BYTES) {
      const index = places.length
      const bytes = readExactly(source, offset, PREFIX_BYTES)
      const checksum = bytes.slice(FRAME_BYTES, FRAME_BYTES + HASH_BYTES)
      const next = sha256(chain, bytes.subarray(0, FRAME_BYTES), checksum)
      if (!sameBytes(next, bytes.subarray(FRAME_BYTES + HASH_BYTES)))
        throw new TraceError('trace/chain', 'it does not follow the chunk before', index)
      const frame = decodeFrame(bytes)
      checkFrame(frame, index, cycles, chunkRows)
      if (frame.payloadBytes > source.size - offset - PREFIX_BYTES) break
      const place = { frame, checksum, offset: offset + PREFIX_BYTES }
      if (frame.kind === TRAILER) {
        if (recover) endAt(place)
        trailer = place
      } else {
        if (recover) decodeAt(place)
        places.push(place)
        cycles += frame.rows
      }
      chain = next
      offset = place.offset + frame.payloadBytes
      if (trailer === undefined && frame.rows === chunkRows) fullBytes = offset
    }
    if (trailer !== undefined && offset !== source.size)
      throw new TraceError('trace/trailing', `${source.size - offset} bytes follow the end of the trace`)
    // After a crash of the machine the last blocks of a file may be there and empty.
    const last = places.at(-1)
    if (trailer === undefined && !recover && last !== undefined) check(last)
  } catch (e) {
    if (!recover || !(e instanceof TraceError)) throw e
    damage = e
  }

  let cached: { index: number; chunk: ReadChunk } | undefined
  let cachedEnd: TraceEnd | undefined
  const at = (index: number): ReadChunk => {
    if (!(Number.isInteger(index) && index >= 0 && index < places.length))
      throw new TraceError('trace/range', `there is no chunk ${index}, the trace has ${places.length}`)
    if (cached?.index !== index) cached = { index, chunk: decodeAt(places[index]) }
    return cached.chunk
  }
  return {
    version: TRACE_VERSION,
    chunkRows,
    programDigest: toHex(header.digest),
    entry: header.entry,
    codeCount: header.codeCount,
    codeAt: header.codeAt,
    size: source.size,
    chunkCount: places.length,
    ecallCount: places.reduce((n, p) => n + p.frame.ecalls, 0),
    copyCount: places.reduce((n, p) => n + p.frame.copies, 0),
    auditedCount: places.reduce((n, p) => n + p.frame.audited, 0),
    effectCount: places.reduce((n, p) => n + p.frame.effects, 0),
    cycles,
    fullBytes,
    complete: trailer !== undefined,
    lostBytes: source.size - offset,
    damage,
    chunk: at,
    end: () => (trailer === undefined ? undefined : (cachedEnd ??= endAt(trailer))),
  }
}

/** The whole run in memory, as `trace` gives it. Throws `TraceError`; 'trace/truncated' when it is not complete. */
export function readTrace(reader: TraceReader): Trace {
  const end = reader.end()
  if (end === undefined) throw new TraceError('trace/truncated', 'the trace has no end')
  const chunks: TraceChunk[] = []
  const ecalls: EcallRecord[] = []
  const audited: AuditedRecord[] = []
  for (let i = 0; i < reader.chunkCount; i++) {
    const read = reader.chunk(i)
    chunks.push(read.chunk)
    for (const e of read.ecalls) ecalls.push(e)
    for (const e of read.audited) audited.push(e)
  }
  const { record, registersFinal, registersFinalTs, memory } = end
  const { cycles } = reader
  return { cycles, chunks, ecalls, audited, halt: record, registersFinal, registersFinalTs, memory }
}

function checkFrame(frame: Frame, index: number, cycles: number, chunkRows: number): void {
  const { kind, rows } = frame
  if (
    frame.payloadBytes > MAX_PAYLOAD_BYTES ||
    frame.effects > MAX_CHUNK_EFFECTS ||
    frame.copies > (kind === TRAILER ? MAX_SYMBOL_BYTES : MAX_CHUNK_COPIES)
  )
    throw new TraceError('trace/limits', `a payload of ${frame.payloadBytes} bytes`, index)
  const follows =
    frame.index === index &&
    frame.firstClk === cycles + 1 &&
    ((kind === TRAILER && frame.ecalls === 0 && frame.audited === 0 && frame.effects === 0) ||
      (kind === CHUNK &&
        cycles % chunkRows === 0 &&
        rows >= 1 &&
        rows <= chunkRows &&
        cycles + rows <= MAX_CYCLES &&
        frame.ecalls + frame.audited <= rows))
  if (!follows || frame.payloadBytes !== payloadSize(frame))
    throw new TraceError('trace/format', 'its frame does not fit here', index)
}

/** Reads past the end are caught here, so that a file that shrinks while it is read is an error like any other. */
function readExactly(source: ByteSource, offset: number, length: number): Uint8Array {
  const bytes = offset + length > source.size ? undefined : source.read(offset, length)
  if (bytes?.length !== length)
    throw new TraceError('trace/truncated', `the file ends before byte ${offset + length}`)
  return bytes
}

function readHeader(source: ByteSource, sha256: Sha256) {
  const magic = source.read(0, Math.min(source.size, TRACE_MAGIC.length))
  if (!sameBytes(magic, TRACE_MAGIC.subarray(0, magic.length)) || magic.length === 0)
    throw new TraceError('trace/magic', 'this is not a trace file')
  const start = readExactly(source, 0, HEADER_BYTES)
  const [version, chunkRows, entry, count] = getColumn(viewOf(start), 8, 4)
  if (version !== TRACE_VERSION)
    throw new TraceError('trace/version', `version ${version}; this reads version ${TRACE_VERSION}`)
  if (chunkRows < 1 || chunkRows > MAX_CHUNK_ROWS)
    throw new TraceError('trace/limits', `chunks of ${chunkRows} rows`)
  if (count > MAX_IMAGE_BYTES / 4) throw new TraceError('trace/limits', `${count} instructions`)
  const bytes = HEADER_BYTES + 8 * count + HASH_BYTES
  const header = readExactly(source, 0, bytes)
  const chain = header.slice(bytes - HASH_BYTES)
  if (!sameBytes(sha256(header.subarray(0, bytes - HASH_BYTES)), chain))
    throw new TraceError('trace/header', 'the header was changed')
  const view = viewOf(header)
  const pcs = getColumn(view, HEADER_BYTES, count)
  const words = getColumn(view, HEADER_BYTES + 4 * count, count)
  for (let i = 0; i < count; i++) {
    const [pc, word] = [pcs[i], words[i]]
    if (decode(word | 0) === undefined || pc % 4 !== 0 || pc >= RAM_SIZE || (i > 0 && pc <= pcs[i - 1]))
      throw new TraceError('trace/format', `instruction ${i} of the code table is malformed`)
  }
  const base = count === 0 ? 0 : pcs[0]
  const span = count === 0 ? 0 : pcs[count - 1] + 4 - base
  if (span > MAX_CODE_SPAN) throw new TraceError('trace/limits', `code over ${span} bytes`)
  const index = new Uint32Array(span / 4)
  for (let i = 0; i < count; i++) index[(pcs[i] - base) / 4] = i + 1
  // Decoded when first met: a table may have millions of entries, of which a trace meets few.
  const entries: (CodeEntry | undefined)[] = []
  const entryAt = (i: number): CodeEntry | undefined => {
    const instruction = decode(words[i] | 0)
    return instruction === undefined ? undefined : { ...instruction, pc: pcs[i], word: words[i] }
  }
  const codeAt = (pc: number): CodeEntry | undefined => {
    const i = index[(pc - base) / 4] ?? 0
    return i === 0 ? undefined : (entries[i] ??= entryAt(i - 1))
  }
  return { bytes, chunkRows, entry, digest: start.slice(24, HEADER_BYTES), codeCount: count, codeAt, chain }
}
