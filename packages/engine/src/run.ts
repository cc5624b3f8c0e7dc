import { codeTable, fetchFault } from './code.ts'
import type { Program } from './elf.ts'
import type { Halt, TrapCause } from './halt.ts'
import type { EcallContext, EcallOutcome, Host } from './host.ts'
import { STEP, step } from './machine.ts'
import { PAGE_BITS, PAGE_WORDS, memoryOf } from './memory.ts'
import type { Memory } from './memory.ts'
import { RunPort } from './port-run.ts'
import { MAX_CYCLES, RAM_SIZE } from './trace-types.ts'

export interface RunOptions {
  /** Most cycles, at most and by default MAX_CYCLES; the run halts with kind 'limit' when more would be needed. */
  readonly maxCycles?: number
  /** Looked at every few milliseconds; only its flag is read, so it works from a callback of the host too. */
  readonly signal?: { readonly aborted: boolean }
  readonly onProgress?: (cycles: number) => void
}

/** Cycles between two looks at the signal. */
export const SLICE = 1 << 18

/** Runs a program to its halt, without a trace. Synchronous: give long runs a `maxCycles`, or a worker. */
export function run(program: Program, host: Host, options: RunOptions = {}): { halt: Halt } {
  const table = codeTable(program)
  const port = new RunPort(memoryOf(program, false), program.entry)
  const limit = checkLimit(options.maxCycles)
  const context = new RunContext(port)
  let cycle = 0
  for (;;) {
    const left = Math.min(SLICE, limit - cycle)
    if (left === 0) return { halt: { kind: 'limit', limit, ...where(program, port.pc, cycle) } }
    cycle += runSlice(port, table, left)
    const { pc } = port
    const code = port.stop
    if (code === STEP.done) {
      options.onProgress?.(cycle)
      if (options.signal?.aborted === true) return { halt: { kind: 'aborted', ...where(program, pc, cycle) } }
    } else if (code === STEP.ecall) {
      const outcome = host.ecall(context)
      if (outcome.kind === 'result') {
        port.registers[10] = outcome.value
        port.pc += 4
      } else return { halt: ecallHalt(outcome, context.number, where(program, pc, cycle)) }
    } else {
      return { halt: trapHalt(program, code, port, where(program, pc, cycle)) }
    }
  }
}

/** A code beside STEP: there is no instruction at pc. */
export const NO_INSTRUCTION = 100

/** Up to `count` cycles; answers how many were begun, counting one that stopped. */
function runSlice(port: RunPort, table: ReturnType<typeof codeTable>, count: number): number {
  const { code, base, index } = table
  for (let n = 0; n < count; n++) {
    const { pc } = port
    const i = (pc & 3) === 0 ? index[(pc >>> 2) - base] : 0
    if (i === undefined || i === 0) {
      port.stop = NO_INSTRUCTION
      return n + 1
    }
    const stop = step(port, code, i - 1)
    if (stop !== STEP.done) {
      port.stop = stop
      return n + 1
    }
  }
  port.stop = STEP.done
  return count
}

export function checkLimit(maxCycles: number = MAX_CYCLES): number {
  if (!(Number.isInteger(maxCycles) && maxCycles >= 1 && maxCycles <= MAX_CYCLES))
    throw new RangeError(`maxCycles is an integer from 1 to ${MAX_CYCLES}, got ${maxCycles}`)
  return maxCycles
}

export const where = (
  program: Program,
  pc: number,
  cycle: number,
): { pc: number; symbol: string | undefined; cycle: number } => ({
  pc: pc >>> 0,
  symbol: program.symbolAt(pc >>> 0),
  cycle,
})

const CAUSES: Readonly<Record<number, TrapCause>> = {
  [STEP.ebreak]: 'ebreak',
  [STEP.misalignedLoad]: 'misaligned-load',
  [STEP.misalignedStore]: 'misaligned-store',
  [STEP.misalignedFetch]: 'misaligned-fetch',
  [STEP.outOfRangeLoad]: 'out-of-range-load',
  [STEP.outOfRangeStore]: 'out-of-range-store',
}

/** The halt of a step that did not end well, with the address it wanted. */
export function trapHalt(
  program: Program,
  code: number,
  port: { readonly pc: number; readonly registers: Int32Array },
  at: ReturnType<typeof where>,
): Halt {
  if (code === NO_INSTRUCTION) return { kind: 'trap', cause: fetchFault(program, port.pc), ...at }
  const cause = CAUSES[code]
  const entry = program.code.find((c) => c.pc === port.pc)
  if (cause === 'ebreak' || entry === undefined) return { kind: 'trap', cause, ...at }
  const relative = entry.name === 'jal' || entry.name.startsWith('b')
  const address = ((relative ? entry.pc : port.registers[entry.rs1]) + entry.imm) >>> 0
  return { kind: 'trap', cause, address, ...at }
}

export function ecallHalt(
  outcome: Exclude<EcallOutcome, { kind: 'result' }>,
  number: number,
  at: ReturnType<typeof where>,
): Halt {
  return outcome.kind === 'exit'
    ? { kind: 'exit', code: outcome.code >>> 0, ...at }
    : { kind: 'trap', cause: outcome.cause, number, ...at }
}

/** Registers and memory as a service sees them. */
export class RunContext implements EcallContext {
  readonly port: { readonly registers: Int32Array; readonly memory: Memory }

  constructor(port: { readonly registers: Int32Array; readonly memory: Memory }) {
    this.port = port
  }

  get number(): number {
    return this.port.registers[17] >>> 0
  }
  get a0(): number {
    return this.port.registers[10] >>> 0
  }
  get a1(): number {
    return this.port.registers[11] >>> 0
  }
  get a2(): number {
    return this.port.registers[12] >>> 0
  }

  inRam(address: number, length: number): boolean {
    return address + length <= RAM_SIZE
  }

  readBytes(address: number, length: number): Uint8Array {
    return this.peekBytes(address, length)
  }

  peekBytes(address: number, length: number): Uint8Array {
    const { pages } = this.port.memory
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) {
      const at = address + i
      const word = pages[at >>> PAGE_BITS]?.words[(at >>> 2) & (PAGE_WORDS - 1)] ?? 0
      bytes[i] = word >>> (8 * (at & 3))
    }
    return bytes
  }

  writeBytes(address: number, bytes: Uint8Array): void {
    const { memory } = this.port
    for (let i = 0; i < bytes.length; i++) {
      const at = address + i
      const page = memory.pages[at >>> PAGE_BITS] ?? memory.touch(at >>> PAGE_BITS)
      const word = (at >>> 2) & (PAGE_WORDS - 1)
      const by = 8 * (at & 3)
      page.words[word] = (page.words[word] & ~(0xff << by)) | (bytes[i] << by)
    }
  }

  advance(cursor: number, count: number): void {
    this.port.registers[cursor] += count
  }
}
