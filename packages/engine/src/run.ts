import { codeEntryAt, codeTable, fetchFault } from './code.ts'
import type { Program } from './elf.ts'
import type { Halt, TrapCause } from './halt.ts'
import { executorOf } from './executor.ts'
import type { Engine } from './executor.ts'
import { PortGuest, commit, putBytes } from './guest.ts'
import type { EcallOutcome, Host } from './host.ts'
import { STOP } from './machine.ts'
import { memoryOf } from './memory.ts'
import { RunPort } from './port-run.ts'
import { ECALL_WEIGHT, drive, driveAsync } from './stepper.ts'
import type { DriveOptions, Stepper } from './stepper.ts'
import { MAX_CYCLES } from './trace-types.ts'

export interface RunOptions extends DriveOptions {
  /** Most cycles, at most and by default MAX_CYCLES; the run halts with kind 'limit' when more would be needed. */
  readonly maxCycles?: number
  /** What runs the instructions, for comparing; the result is the same. */
  readonly engine?: Engine
}

/**
 * Runs a program to its halt, without a trace. Synchronous: the signal works only where its flag can change meanwhile,
 * as from a callback or shared memory. Throws RangeError for a `maxCycles` out of range.
 */
export function run(program: Program, host: Host, options: RunOptions = {}): { halt: Halt } {
  return drive(runStepper(program, host, options), options)
}

/** As `run`, but lets the event loop turn every 20 ms or so, so that a signal can end it. */
export async function runAsync(
  program: Program,
  host: Host,
  options: RunOptions = {},
): Promise<{ halt: Halt }> {
  return driveAsync(runStepper(program, host, options), options)
}

function runStepper(program: Program, host: Host, options: RunOptions): Stepper<{ halt: Halt }> {
  const limit = checkLimit(options.maxCycles)
  const code = codeTable(program)
  const port = new RunPort(memoryOf(program, false), program.entry)
  const execute = executorOf(program, code, port, options.engine)
  const guest = new PortGuest(port)
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
        const retired = execute(asked)
        cycles += retired
        left -= retired
        if (port.stop === STOP.done) continue
        if (port.stop !== STOP.ecall) return { halt: trapHalt(program, port, at(cycles + 1)) }
        guest.clk = cycles + 1
        const outcome = host.ecall(guest)
        if (outcome.kind === 'audited') {
          commit(port, outcome)
          port.pc = outcome.nextPc
        } else if (outcome.kind === 'direct') {
          const { result, cursor, copy } = outcome
          if (copy?.write) putBytes(port.memory, copy.address, copy.bytes)
          if (cursor !== undefined) port.registers[cursor] += result
          port.registers[10] = result
          port.pc += 4
        } else return { halt: ecallHalt(outcome, guest.reg(17), at(cycles + 1)) }
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
  outcome: Extract<EcallOutcome, { kind: 'exit' | 'trap' }>,
  number: number,
  at: ReturnType<typeof where>,
): Halt {
  return outcome.kind === 'exit'
    ? { kind: 'exit', code: outcome.code >>> 0, ...at }
    : { kind: 'trap', cause: outcome.cause, number, ...at }
}
