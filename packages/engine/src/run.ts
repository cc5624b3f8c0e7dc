import { codeEntryAt, codeTable, fetchFault } from './code.ts'
import type { Program } from './elf.ts'
import type { Halt, TrapCause } from './halt.ts'
import type { EcallContext, EcallOutcome, Host } from './host.ts'
import { STOP, advance } from './machine.ts'
import { PAGE_BITS, PAGE_WORDS, memoryOf } from './memory.ts'
import type { Memory } from './memory.ts'
import { RunPort } from './port-run.ts'
import { ECALL_WEIGHT, drive, driveAsync } from './stepper.ts'
import type { DriveOptions, Stepper } from './stepper.ts'
import { MAX_CYCLES, RAM_SIZE } from './trace-types.ts'

export interface RunOptions extends DriveOptions {
  /** Most cycles, at most and by default MAX_CYCLES; the run halts with kind 'limit' when more would be needed. */
  readonly maxCycles?: number
}

/**
 * Runs a program to its halt, without a trace. Synchronous: the signal works only where its flag can change meanwhile,
 * as from a callback or shared memory. Throws RangeError for a `maxCycles` out of range.
 */
export function run(program: Program, host: Host, options: RunOptions = {}): { halt: Halt } {
  return drive(runStepper(program, host, options.maxCycles), options)
}

/** As `run`, but lets the event loop turn every 20 ms or so, so that a signal can end it. */
export async function runAsync(
  program: Program,
  host: Host,
  options: RunOptions = {},
): Promise<{ halt: Halt }> {
  return driveAsync(runStepper(program, host, options.maxCycles), options)
}

function runStepper(program: Program, host: Host, maxCycles?: number): Stepper<{ halt: Halt }> {
  const limit = checkLimit(maxCycles)
  const code = codeTable(program)
  const port = new RunPort(memoryOf(program, false), program.entry)
  const context = new RunContext(port)
  let cycles = 0
  const at = (cycle: number) => where(program, port.pc, cycle)
  return {
    get cycles() {
      return cycles
    },
    abort: () => ({ halt: { kind: 'aborted', ...at(cycles) } }),
    advance(count) {
      for (let left = count; left > 0;) {
        const asked = Math.min(left, limit - cycles)
        if (asked === 0) return { halt: { kind: 'limit', limit, ...at(cycles) } }
        const retired = advance(port, code, asked)
        cycles += retired
        left -= retired
        if (port.stop === STOP.done) continue
        if (port.stop !== STOP.ecall) return { halt: trapHalt(program, port, at(cycles + 1)) }
        const outcome = host.ecall(context)
        if (outcome.kind !== 'result') return { halt: ecallHalt(outcome, context.number, at(cycles + 1)) }
        port.registers[10] = outcome.value
        port.pc += 4
        cycles++
        left -= ECALL_WEIGHT
      }
      return undefined
    },
  }
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
  [STOP.ebreak]: 'ebreak',
  [STOP.misalignedLoad]: 'misaligned-load',
  [STOP.misalignedStore]: 'misaligned-store',
  [STOP.misalignedFetch]: 'misaligned-fetch',
  [STOP.outOfRangeLoad]: 'out-of-range-load',
  [STOP.outOfRangeStore]: 'out-of-range-store',
}

/** The halt of a machine that stopped in `cycle`, with the address it wanted. */
export function trapHalt(
  program: Program,
  port: { readonly pc: number; readonly stop: number; readonly registers: Int32Array },
  at: ReturnType<typeof where>,
): Halt {
  if (port.stop === STOP.noInstruction) return { kind: 'trap', cause: fetchFault(program, port.pc), ...at }
  const cause = CAUSES[port.stop]
  const entry = codeEntryAt(program, port.pc)
  if (cause === 'ebreak' || entry === undefined) return { kind: 'trap', cause, ...at }
  const relative = entry.name === 'jal' || entry.name.startsWith('b')
  const base = relative ? entry.pc : port.registers[entry.rs1]
  // JALR clears the lowest bit of its target.
  const address = (entry.name === 'jalr' ? (base + entry.imm) & ~1 : base + entry.imm) >>> 0
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
