import { Jit } from './jit.ts'
import { advance } from './machine.ts'
import type { Code } from './machine.ts'
import type { Program } from './elf.ts'
import { TracePort, emptyChunk } from './port-trace.ts'
import type { RunPort } from './port-run.ts'
import { CHUNK_ROWS } from './trace-types.ts'
import type { TraceChunk } from './trace-types.ts'

/** What runs instructions. By itself a run is interpreted at first, and compiled where it goes on for long. */
export type Engine = 'interpreter' | 'compiled'

/** Runs the instructions of one machine. */
export interface Executor {
  /** Up to `count` cycles; see `advance`. */
  advance(count: number): number
  /** A chunk without rows, for the machine to go on in. */
  nextChunk(firstClk: number): TraceChunk
}

/** Cycles that are interpreted before anything is compiled: short runs do not pay for that. */
const WARM = CHUNK_ROWS

/**
 * The executor of a machine at its start. `engine` is for comparing the two: 'interpreter' compiles nothing, 'compiled'
 * compiles all that the run comes to. Where that cannot be, it is interpreted.
 */
export function executorOf(
  program: Program,
  code: Code,
  port: RunPort | TracePort,
  engine: Engine | undefined,
): Executor {
  let jit: Jit | undefined
  let cycles = 0
  let wanted = engine !== 'interpreter'
  const warm = (): void => {
    if (!wanted || (engine === undefined && cycles < WARM)) return
    wanted = false
    try {
      jit = new Jit(program, code, port, engine === 'compiled')
    } catch {
      jit = undefined
    }
  }
  if (port instanceof TracePort) {
    warm()
    if (jit !== undefined) port.chunk = jit.nextChunk(1)
  }
  return {
    advance(count) {
      if (port instanceof TracePort === false) warm()
      const retired = jit === undefined ? advance(port, code, count) : jit.advance(count)
      cycles += retired
      return retired
    },
    nextChunk(firstClk) {
      warm()
      return jit === undefined ? emptyChunk(firstClk) : jit.nextChunk(firstClk)
    },
  }
}
