import { standardHost } from '@vouch/bridge'
import { parseElf, run as runProgram } from '@vouch/engine'
import type { Halt } from '@vouch/engine'

export interface RunOptions {
  /** File descriptor 0 of the guest. */
  readonly privateInput?: Uint8Array
  /** File descriptor 4 of the guest. */
  readonly publicInput?: Uint8Array
  readonly maxCycles?: number
  /** Only its flag is read, from time to time: the run is synchronous. */
  readonly signal?: { readonly aborted: boolean }
  readonly onProgress?: (cycles: number) => void
  readonly onConsole?: (fd: 1 | 2, bytes: Uint8Array) => void
}

export interface RunResult {
  readonly halt: Halt
  /** What the guest wrote to file descriptor 3, up to its halt. */
  readonly journal: Uint8Array
  /** Cycles begun. */
  readonly cycles: number
  readonly seconds: number
}

/** Runs a program without proving or tracing. Synchronous. Throws `ElfError`; a guest that fails is a `halt`. */
export function run(elf: Uint8Array, options: RunOptions = {}): RunResult {
  const { maxCycles, signal, onProgress, ...streams } = options
  const program = parseElf(elf)
  const host = standardHost(streams)
  const start = performance.now()
  const { halt } = runProgram(program, host, {
    ...(maxCycles === undefined ? {} : { maxCycles }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  return { halt, journal: host.journal(), cycles: halt.cycle, seconds: (performance.now() - start) / 1e3 }
}
