import { standardHost } from '@vouch/bridge'
import { parseElf } from '@vouch/engine'
import { traceToFile } from '@vouch/engine/node'
import type { RunOptions, RunResult } from './sdk-run.ts'

/** `bytes` is the size of the trace file. */
export interface TracedRun extends RunResult {
  readonly bytes: number
}

/**
 * As `run`, with the trace written to `path` while running. The file holds everything the guest read, the private
 * input included; only its owner may read it. Throws `ElfError` and what node:fs throws.
 */
export function runToFile(elf: Uint8Array, path: string, options: RunOptions = {}): TracedRun {
  const { maxCycles, signal, onProgress, ...streams } = options
  const program = parseElf(elf)
  const host = standardHost(streams)
  const start = performance.now()
  const { halt, bytes } = traceToFile(path, program, host, {
    ...(maxCycles === undefined ? {} : { maxCycles }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  const seconds = (performance.now() - start) / 1e3
  return { halt, journal: host.journal(), cycles: halt.cycle, seconds, bytes }
}
