import { closeSync, fchmodSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { Program } from './elf.ts'
import type { Host } from './host.ts'
import { nativeSha256, sourceOf } from './node-file.ts'
import type { RunOptions } from './run.ts'
import { trace, traceAsync } from './trace.ts'
import type { TraceOptions, Traced } from './trace.ts'
import { TraceError } from './trace-file.ts'
import type { ByteSink } from './trace-file.ts'
import { openTrace } from './trace-reader.ts'
import { traceWriter } from './trace-writer.ts'
import type { WrittenTrace } from './trace-writer.ts'
import { CHUNK_ROWS } from './trace-types.ts'

/** A trace file that a re-run goes over and then continues. */
export interface ResumedTraceFile extends ByteSink {
  /** In the full chunks that are there. */
  readonly cycles: number
  /** Bytes of these that the re-run has not come to yet. Until there are none, the file is not changed. */
  readonly ahead: number
  /** Of the file. */
  readonly size: number
  readonly close: () => void
}

/**
 * Opens an interrupted trace file for the same run, made again from its start: what is appended is compared with the
 * full chunks that are there, and what goes beyond them replaces the rest of the file. So the file becomes the one
 * that an uninterrupted run makes. `append` throws `TraceError`: 'trace/program' when the file starts with another
 * header, 'trace/resume' when the run is another one.
 *
 * A run that was cancelled can be resumed too. Throws 'trace/resume' for an empty file and for a run that came to its
 * end, and what `openTraceFile` throws.
 */
export function resumeTraceFile(path: string): ResumedTraceFile {
  const file = openSync(path, 'r+')
  try {
    const source = sourceOf(file)
    if (source.size === 0)
      throw new TraceError('trace/resume', 'the file is empty: there is no run to resume')
    const reader = openTrace(source, { recover: true })
    const end = reader.end()
    if (end !== undefined && end.halt.kind !== 'aborted')
      throw new TraceError('trace/resume', 'the run in the file came to its end: there is nothing to resume')
    fchmodSync(file, 0o600)
    const there = reader.fullBytes
    let { size } = source
    let at = 0
    let parts = 0
    const compare = (bytes: Uint8Array): void => {
      if (Buffer.compare(source.read(at, bytes.length), bytes) === 0) return
      if (parts === 0)
        throw new TraceError(
          'trace/program',
          'the trace is of another program, or its chunks have another size',
        )
      throw new TraceError('trace/resume', 'the run is not the one in the file', parts - 1)
    }
    return {
      sha256: nativeSha256,
      cycles: reader.cycles - (reader.cycles % reader.chunkRows),
      get ahead() {
        return Math.max(0, there - at)
      },
      get size() {
        return size
      },
      append(bytes) {
        const old = Math.min(bytes.length, Math.max(0, there - at))
        compare(bytes.subarray(0, old))
        parts++
        at += old
        if (old === bytes.length) return
        if (at === there) ftruncateSync(file, there)
        for (let i = old; i < bytes.length;) {
          const count = writeSync(file, bytes, i, bytes.length - i, at)
          i += count
          at += count
        }
        size = at
      },
      close() {
        try {
          fsyncSync(file)
        } finally {
          closeSync(file)
        }
      },
    }
  } catch (e) {
    closeSync(file)
    throw e
  }
}

/**
 * As `traceToFile`, for a file of the same run that was interrupted; see `resumeTraceFile`. Cancelled before it has
 * come to the end of what is there, it leaves the file as it was. Throws `TraceError`.
 */
export function resumeTraceToFile(
  path: string,
  program: Program,
  host: Host,
  options: RunOptions = {},
): WrittenTrace {
  const file = resumeTraceFile(path)
  try {
    const { watch, conclude } = resumption(file, program, options)
    return conclude(trace(program, host, watch))
  } finally {
    file.close()
  }
}

/** As `resumeTraceToFile`, but lets the event loop turn, as `traceAsync` does. */
export async function resumeTraceToFileAsync(
  path: string,
  program: Program,
  host: Host,
  options: RunOptions = {},
): Promise<WrittenTrace> {
  const file = resumeTraceFile(path)
  try {
    const { watch, conclude } = resumption(file, program, options)
    return conclude(await traceAsync(program, host, watch))
  } finally {
    file.close()
  }
}

/** Options that write a run while it goes on, but for its last chunk, which is no part of the run if it was cancelled. */
function resumption(
  file: ResumedTraceFile,
  program: Program,
  options: RunOptions,
): { readonly watch: TraceOptions; readonly conclude: (run: Traced) => WrittenTrace } {
  const writer = traceWriter(program, file)
  let last: Parameters<typeof writer.onChunk> | undefined
  const watch: TraceOptions = {
    ...options,
    keep: false,
    onChunk: (chunk, calls) => {
      if (chunk.rows === CHUNK_ROWS) writer.onChunk(chunk, calls)
      else last = [chunk, calls]
    },
  }
  const conclude = ({ halt, trace: run }: Traced): WrittenTrace => {
    if (halt.kind !== 'aborted' || file.ahead === 0) {
      if (last !== undefined) writer.onChunk(...last)
      writer.finish(halt, run)
    }
    return { halt, cycles: run.cycles, bytes: file.size }
  }
  return { watch, conclude }
}
