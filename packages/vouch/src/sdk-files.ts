import { createAuditFile, resumeAuditFile } from '@vouch/bridge/node'
import { parseElf, run as runProgram } from '@vouch/engine'
import { resumeTraceToFile, traceToFile } from '@vouch/engine/node'
import { hostOf } from './sdk-host.ts'
import type { LogTarget } from './sdk-host.ts'
import type { RunOptions, RunResult } from './sdk-run.ts'

/** Files that a run writes while it goes on. Only their owner may read them. */
export interface RunFiles {
  /** Holds everything the guest read, the private input included. */
  readonly trace?: string
  /** The audit log of every host call. */
  readonly audit?: string
}

/** As `run`, with trace and audit log written while running. Throws `ElfError` and what node:fs throws. */
export function runToFiles(elf: Uint8Array, files: RunFiles, options: RunOptions = {}): RunResult {
  const sink = files.audit === undefined ? undefined : createAuditFile(files.audit)
  try {
    return write(elf, files, sink === undefined ? {} : { sink }, traceToFile, options)
  } finally {
    sink?.close()
  }
}

/**
 * Goes on with a run that was killed: runs the program again, holds every byte that it would write against what the
 * files have, and goes on where they end. Advice is taken from the log as far as it goes; the salt must be the same.
 * Throws `TraceError` and `AuditError` for files of another run.
 */
export function resumeToFiles(elf: Uint8Array, files: RunFiles, options: RunOptions = {}): RunResult {
  const log = files.audit === undefined ? undefined : resumeAuditFile(files.audit)
  try {
    const target = log === undefined ? {} : { sink: log.sink, resume: log.records }
    return write(elf, files, target, resumeTraceToFile, options)
  } finally {
    log?.sink.close()
  }
}

function write(
  elf: Uint8Array,
  files: RunFiles,
  target: LogTarget,
  traceTo: typeof traceToFile,
  options: RunOptions,
): RunResult {
  const { maxCycles, signal, onProgress, ...outside } = options
  const program = parseElf(elf)
  const host = hostOf(outside, target)
  const run = {
    ...(maxCycles === undefined ? {} : { maxCycles }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  }
  const start = performance.now()
  const { halt } =
    files.trace === undefined ? runProgram(program, host, run) : traceTo(files.trace, program, host, run)
  target.sink?.flush()
  const seconds = (performance.now() - start) / 1e3
  return { halt, journal: host.journal(), cycles: halt.cycle, seconds }
}
