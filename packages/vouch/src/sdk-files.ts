import { statSync } from 'node:fs'
import type { AuditSink } from '@vouch/bridge'
import { createAuditFile, resumeAuditFile } from '@vouch/bridge/node'
import type { FileSink } from '@vouch/bridge/node'
import { parseElf, replay, run as runProgram, TraceError } from '@vouch/engine'
import type { Halt, Host, Program, RunOptions as Limits } from '@vouch/engine'
import { openTraceFile, resumeTraceToFile, traceToFile } from '@vouch/engine/node'
import { cyclesOf, hostOf } from './sdk-host.ts'
import type { LogTarget } from './sdk-host.ts'
import type { RunOptions, RunResult } from './sdk-run.ts'

/** Files that a run writes while it goes on. Only their owner may read them. */
export interface RunFiles {
  /** Holds everything the guest read, the private input included. */
  readonly trace?: string
  /** The audit log of every host call. */
  readonly audit?: string
}

type Tracer = (path: string, program: Program, host: Host, limits: Limits) => { readonly halt: Halt }

/** As `run`, with trace and audit log written while running, and no log kept. Throws as `run`, and what node:fs throws. */
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
 * files have, and goes on where they end; a file that is empty, or whole, is none the worse. Advice is taken from the
 * log as far as it goes; the salt must be the same. Throws as `runToFiles`, `TraceError` and `AuditError` for files of
 * another run, and `BridgeError` ('bridge/resume') for a run that another salt, or advice that no log has, changes.
 */
export function resumeToFiles(elf: Uint8Array, files: RunFiles, options: RunOptions = {}): RunResult {
  const log = files.audit === undefined ? undefined : resumeAuditFile(files.audit)
  try {
    const target = log === undefined ? {} : { sink: log.sink, resume: log.records }
    return write(elf, files, target, resumeTrace, options)
  } finally {
    log?.sink.close()
  }
}

const NOWHERE: AuditSink = { append: () => undefined, flush: () => undefined }

function write(
  elf: Uint8Array,
  files: RunFiles,
  target: { readonly sink?: FileSink } & LogTarget,
  traceTo: Tracer,
  options: RunOptions,
): RunResult {
  const { maxCycles, signal, onProgress, ...outside } = options
  const program = parseElf(elf)
  const { sink = NOWHERE } = target
  const log = usesAdvice(options) ? eager(sink) : sink
  const host = hostOf(outside, { ...target, sink: log })
  const limits = {
    maxCycles: cyclesOf(maxCycles, host.manifest),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  }
  const start = performance.now()
  const { halt } =
    files.trace === undefined
      ? runProgram(program, host, limits)
      : traceTo(files.trace, program, host, limits)
  sink.flush()
  const seconds = (performance.now() - start) / 1e3
  return { halt, journal: host.journal(), cycles: halt.cycle, seconds }
}

const usesAdvice = ({ manifest }: RunOptions): boolean =>
  manifest !== undefined &&
  (manifest.clock.mode === 'advice' || Object.values(manifest.calls).some((call) => call.class === 'A'))

/** Keeps nothing back: a trace that shows advice which the log does not have could not be resumed. */
const eager = (sink: AuditSink): AuditSink => ({
  append(bytes) {
    sink.append(bytes)
    sink.flush()
  },
  flush: () => sink.flush(),
})

/** A run can be killed before its trace has a header, and between the end of the trace and the end of the log. */
const resumeTrace: Tracer = (path, program, host, limits) => {
  const state = stateOf(path)
  if (state === 'empty') return traceToFile(path, program, host, limits)
  return state === 'cut' ? resumeTraceToFile(path, program, host, limits) : again(path, program, host, limits)
}

function stateOf(path: string): 'empty' | 'cut' | 'whole' {
  if (statSync(path).size === 0) return 'empty'
  try {
    const reader = openTraceFile(path)
    try {
      const end = reader.end()
      return end === undefined || end.halt.kind === 'aborted' ? 'cut' : 'whole'
    } finally {
      reader.close()
    }
  } catch (error) {
    if (!(error instanceof TraceError)) throw error
    return error.code === 'trace/truncated' ? 'empty' : 'cut'
  }
}

/** The run of a trace that is whole. The file is compared, and stays as it is. */
function again(path: string, program: Program, host: Host, limits: Limits): { readonly halt: Halt } {
  const reader = openTraceFile(path)
  try {
    const { difference, aborted, cycles } = replay(reader, program, host, limits)
    if (difference !== undefined)
      throw new TraceError('trace/resume', `the run is not the one in the file: cycle ${difference.clk}`)
    const { halt } = reader.end()!
    return { halt: aborted ? { kind: 'aborted', pc: halt.pc, symbol: halt.symbol, cycle: cycles } : halt }
  } finally {
    reader.close()
  }
}
