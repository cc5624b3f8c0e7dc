import { closeSync, fchmodSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs'
import type { Program } from './elf.ts'
import type { Host } from './host.ts'
import { nativeSha256, sourceOf } from './node-file.ts'
import type { RunOptions } from './run.ts'
import type { ByteSink } from './trace-file.ts'
import { openTrace } from './trace-reader.ts'
import type { OpenOptions, TraceReader } from './trace-reader.ts'
import { traceToSink, traceToSinkAsync } from './trace-writer.ts'
import type { WrittenTrace } from './trace-writer.ts'

export { resumeTraceFile, resumeTraceToFile, resumeTraceToFileAsync } from './resume.ts'
export type { ResumedTraceFile } from './resume.ts'

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
    sha256: nativeSha256,
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
    const reader = openTrace(sourceOf(file), options)
    return { ...reader, close: () => closeSync(file) }
  } catch (e) {
    closeSync(file)
    throw e
  }
}
