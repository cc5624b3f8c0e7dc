import { parseElf, run as runProgram } from '@vouch/engine'
import type { Halt } from '@vouch/engine'
import { cyclesOf, hostOf } from './sdk-host.ts'
import type { HostOptions } from './sdk-host.ts'

export interface RunOptions extends HostOptions {
  /** As the manifest allows unless told otherwise, and never more. */
  readonly maxCycles?: number
  /** Only its flag is read, from time to time: the run is synchronous. */
  readonly signal?: { readonly aborted: boolean }
  readonly onProgress?: (cycles: number) => void
}

export interface RunResult {
  readonly halt: Halt
  /** What the guest wrote to file descriptor 3, up to its halt. */
  readonly journal: Uint8Array
  /** Cycles begun. */
  readonly cycles: number
  readonly seconds: number
  /** The audit log of every host call; absent when it went to a file, or nowhere. */
  readonly audit?: Uint8Array
}

/**
 * Runs a program without proving or tracing. Synchronous. A guest that fails is a `halt`; throws `ElfError`, and
 * `BridgeError` for inputs, files and handlers that do not fit the manifest.
 */
export function run(elf: Uint8Array, options: RunOptions = {}): RunResult {
  const { maxCycles, signal, onProgress, ...outside } = options
  const program = parseElf(elf)
  const host = hostOf(outside)
  const start = performance.now()
  const { halt } = runProgram(program, host, {
    maxCycles: cyclesOf(maxCycles, host.manifest),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  const audit = host.auditBytes()
  return {
    halt,
    journal: host.journal(),
    cycles: halt.cycle,
    seconds: (performance.now() - start) / 1e3,
    ...(audit === undefined ? {} : { audit }),
  }
}
