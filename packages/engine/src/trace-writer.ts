import { sha256 as portableSha256 } from '@vouch/hash'
import { EFFECT } from './effects.ts'
import type { Program } from './elf.ts'
import type { Halt } from './halt.ts'
import type { Host } from './host.ts'
import type { RunOptions } from './run.ts'
import { trace, traceAsync } from './trace.ts'
import type { Traced } from './trace.ts'
import { encodeChunk } from './trace-chunk.ts'
import { encodeEnd, symbolBytes } from './trace-end.ts'
import {
  CHUNK,
  FRAME_BYTES,
  HASH_BYTES,
  MAX_CHUNK_COPIES,
  MAX_CHUNK_EFFECTS,
  MAX_CHUNK_ROWS,
  MAX_PAYLOAD_BYTES,
  PREFIX_BYTES,
  TRAILER,
  TraceError,
  encodeFrame,
  encodeHeader,
  payloadSize,
} from './trace-file.ts'
import type { ByteSink, Frame } from './trace-file.ts'
import { CHUNK_ROWS } from './trace-types.ts'
import type { Calls, Trace, TraceChunk } from './trace-types.ts'

/** Writes a trace while it is made. Give `onChunk` to `trace`, then call `finish` with what it returned. */
export interface TraceWriter {
  readonly onChunk: (chunk: TraceChunk, calls: Calls) => void
  /** Writes the trailer, which makes the file complete. */
  readonly finish: (halt: Halt, trace: Omit<Trace, 'chunks' | keyof Calls>) => void
  /** Written so far. */
  readonly bytes: number
}

/**
 * Appends the header at once. Each chunk and the trailer is one `append`, so a kill tears at most the last.
 * Throws `TraceError` ('trace/limits') for a chunk too large for the format, and whatever the sink throws.
 */
export function traceWriter(program: Program, sink: ByteSink, chunkRows = CHUNK_ROWS): TraceWriter {
  if (!(Number.isInteger(chunkRows) && chunkRows >= 1 && chunkRows <= MAX_CHUNK_ROWS))
    throw new RangeError(`a chunk has 1 to ${MAX_CHUNK_ROWS} rows, got ${chunkRows}`)
  const sha256 = sink.sha256 ?? portableSha256
  const header = encodeHeader(program, chunkRows, sha256)
  let chain = header.subarray(header.length - HASH_BYTES)
  let index = 0
  let cycles = 0
  let bytes = header.length
  sink.append(header)

  const append = (
    shape: Omit<Frame, 'index' | 'firstClk' | 'payloadBytes'>,
    encode: (payload: Uint8Array) => void,
  ): void => {
    const sizeless = { ...shape, index, firstClk: cycles + 1, payloadBytes: 0 }
    const size = payloadSize(sizeless)
    const { copies, effects } = shape
    if (size > MAX_PAYLOAD_BYTES || copies > MAX_CHUNK_COPIES || effects > MAX_CHUNK_EFFECTS)
      throw new TraceError(
        'trace/limits',
        `${size} bytes with ${copies} copied words and ${effects} effects do not fit`,
        index,
      )
    const whole = new Uint8Array(PREFIX_BYTES + size)
    const payload = whole.subarray(PREFIX_BYTES)
    encode(payload)
    const frame = encodeFrame({ ...sizeless, payloadBytes: size })
    const checksum = sha256(payload)
    chain = sha256(chain, frame, checksum)
    whole.set(frame, 0)
    whole.set(checksum, FRAME_BYTES)
    whole.set(chain, FRAME_BYTES + HASH_BYTES)
    sink.append(whole)
    bytes += whole.length
    index++
  }

  return {
    get bytes() {
      return bytes
    },
    onChunk(chunk, calls) {
      const { rows } = chunk
      if (chunk.firstClk !== cycles + 1 || cycles % chunkRows !== 0 || rows < 1 || rows > chunkRows)
        throw new RangeError(`a chunk of ${rows} rows from cycle ${chunk.firstClk} does not follow ${cycles}`)
      const { ecalls, audited } = calls
      const copies = ecalls.reduce((n, e) => n + e.copies.length, 0)
      const effects = audited.reduce((n, e) => n + e.effects.length / EFFECT.words, 0)
      const counts = { ecalls: ecalls.length, copies, audited: audited.length, effects }
      append({ kind: CHUNK, rows, ...counts }, (payload) => encodeChunk(chunk, calls, payload))
      cycles += rows
    },
    finish(halt, trace) {
      if (trace.cycles !== cycles)
        throw new RangeError(`a run of ${trace.cycles} cycles, but ${cycles} were written`)
      const symbol = symbolBytes(halt.symbol)
      const rows = trace.memory.addr.length
      const counts = { ecalls: 0, copies: symbol.length, audited: 0, effects: 0 }
      append({ kind: TRAILER, rows, ...counts }, (payload) =>
        encodeEnd({ ...trace, halt, record: trace.halt }, symbol, payload),
      )
    },
  }
}

export interface WrittenTrace {
  readonly halt: Halt
  readonly cycles: number
  readonly bytes: number
}

/** Traces a run straight into a sink, keeping one chunk in memory. */
export function traceToSink(
  program: Program,
  host: Host,
  sink: ByteSink,
  options: RunOptions = {},
): WrittenTrace {
  const writer = traceWriter(program, sink)
  return finish(writer, trace(program, host, { ...options, onChunk: writer.onChunk, keep: false }))
}

/** As `traceToSink`, but lets the event loop turn, as `traceAsync` does. */
export async function traceToSinkAsync(
  program: Program,
  host: Host,
  sink: ByteSink,
  options: RunOptions = {},
): Promise<WrittenTrace> {
  const writer = traceWriter(program, sink)
  return finish(writer, await traceAsync(program, host, { ...options, onChunk: writer.onChunk, keep: false }))
}

function finish(writer: TraceWriter, { halt, trace: run }: Traced): WrittenTrace {
  writer.finish(halt, run)
  return { halt, cycles: run.cycles, bytes: writer.bytes }
}
