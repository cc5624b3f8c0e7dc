import { createHash } from 'node:crypto'
import { closeSync, fchmodSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import type { Program } from './elf.ts'
import type { Host } from './host.ts'
import type { RunOptions } from './run.ts'
import { TraceError } from './trace-file.ts'
import type { ByteSink, Sha256 } from './trace-file.ts'
import { openTrace } from './trace-reader.ts'
import type { OpenOptions, TraceReader } from './trace-reader.ts'
import { traceToSink, traceToSinkAsync } from './trace-writer.ts'
import type { WrittenTrace } from './trace-writer.ts'

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** An open trace file. */
export interface TraceFile extends TraceReader {
  readonly close: () => void
}

/**
 * Makes or empties a file for a trace, readable by its owner only: it will hold the private input. What was appended
 * survives a kill of the process; `close` also writes it to the disk. Throws what node:fs throws.
 */
export function createTraceFile(path: string): ByteSink & { readonly close: () => void } {
  const file = openSync(path, 'w', 0o600)
  const regular = fstatSync(file).isFile()
  if (regular) fchmodSync(file, 0o600)
  return {
    sha256,
    append(bytes) {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
    },
    close() {
      try {
        if (regular) fsyncSync(file)
      } finally {
        closeSync(file)
      }
    },
  }
}

/** Traces a run into a file while it runs. The file is whole up to the last chunk even if this throws or is killed. */
export function traceToFile(
  path: string,
  program: Program,
  host: Host,
  options: RunOptions = {},
): WrittenTrace {
  const sink = createTraceFile(path)
  try {
    return traceToSink(program, host, sink, options)
  } finally {
    sink.close()
  }
}

/** As `traceToFile`, but lets the event loop turn, as `traceAsync` does. */
export async function traceToFileAsync(
  path: string,
  program: Program,
  host: Host,
  options: RunOptions = {},
): Promise<WrittenTrace> {
  const sink = createTraceFile(path)
  try {
    return await traceToSinkAsync(program, host, sink, options)
  } finally {
    sink.close()
  }
}

/** `openTrace` on a file, as long as it is now. Throws `TraceError`, and what node:fs throws. */
export function openTraceFile(path: string, options: OpenOptions = {}): TraceFile {
  const file = openSync(path, 'r')
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new TraceError('trace/magic', 'a trace is a regular file')
    const read = (offset: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(length)
      let at = 0
      while (at < length) {
        const count = readSync(file, bytes, at, length - at, offset + at)
        if (count === 0) break
        at += count
      }
      return bytes.subarray(0, at)
    }
    const reader = openTrace({ size: stat.size, read, sha256 }, options)
    return { ...reader, close: () => closeSync(file) }
  } catch (e) {
    closeSync(file)
    throw e
  }
}
