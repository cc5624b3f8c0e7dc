import { Jit } from './jit.ts'
import { hasImage } from './jit-image.ts'
import { advance } from './machine.ts'
import type { Code } from './machine.ts'
import type { Program } from './elf.ts'
import { TracePort } from './port-trace.ts'
import type { RunPort } from './port-run.ts'

/** What runs instructions. By itself a run is interpreted at first, and compiled where it goes on for long. */
export type Engine = 'interpreter' | 'compiled'

/**
 * Cycles that are interpreted before anything is compiled, where no earlier run of the program had it compiled: they
 * take about as long as compiling does.
 */
const WARM = { run: 2 ** 22, trace: 2 ** 20 }

/**
 * `advance` for a machine at its start. `engine` is for comparing the two: 'interpreter' compiles nothing, 'compiled'
 * compiles all that the run comes to. Where that cannot be, it is interpreted.
 */
export function executorOf(
  program: Program,
  code: Code,
  port: RunPort | TracePort,
  engine: Engine | undefined,
): (count: number) => number {
  let jit: Jit | undefined
  let cycles = 0
  let wanted = engine !== 'interpreter'
  const traced = port instanceof TracePort
  const warm = hasImage(program, traced) ? 0 : traced ? WARM.trace : WARM.run
  return (count) => {
    if (wanted && (engine !== undefined || cycles >= warm)) {
      wanted = false
      try {
        jit = new Jit(program, code, port, engine === 'compiled')
      } catch {
        jit = undefined
      }
    }
    const retired = jit === undefined ? advance(port, code, count) : jit.advance(count)
    cycles += retired
    return retired
  }
}
