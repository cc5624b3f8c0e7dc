import { codeEntryAt, codeTable } from './code.ts'
import type { Program } from './elf.ts'
import type { Halt } from './halt.ts'
import { EFFECT, effectRows } from './effects.ts'
import { executorOf } from './executor.ts'
import { PortGuest, commit, putBytes } from './guest.ts'
import type { AuditedCall, DirectCall, Host } from './host.ts'
import { STOP } from './machine.ts'
import { PAGE_BYTES, PAGE_WORDS, memoryOf, pageOf, wordOf } from './memory.ts'
import type { Memory } from './memory.ts'
import { TracePort, emptyChunk } from './port-trace.ts'
import { checkLimit, ecallHalt, trapHalt, where } from './run.ts'
import type { RunOptions } from './run.ts'
import { ECALL_WEIGHT, drive, driveAsync } from './stepper.ts'
import type { Stepper } from './stepper.ts'
import { CHUNK_ROWS, JOURNAL_CURSOR, PUBLIC_CURSOR } from './trace-types.ts'
import type {
  AuditedRecord,
  Calls,
  CopyRecord,
  EcallRecord,
  HaltRecord,
  TouchedMemory,
  Trace,
  TraceChunk,
} from './trace-types.ts'

export interface TraceOptions extends RunOptions {
  /** Given each chunk when it is full, and the last one, with the calls of its cycles: for writing while running. */
  readonly onChunk?: (chunk: TraceChunk, calls: Calls) => void
  /** False: `chunks`, `ecalls` and `audited` of the trace stay empty, for runs that only go to a file. */
  readonly keep?: boolean
}

const noCalls = (): { ecalls: EcallRecord[]; audited: AuditedRecord[] } => ({ ecalls: [], audited: [] })

export interface Traced {
  readonly halt: Halt
  readonly trace: Trace
}

/** Runs a program to its halt and keeps everything it did. A cycle that trapped has no row, but for EBREAK. */
export function trace(program: Program, host: Host, options: TraceOptions = {}): Traced {
  return drive(traceStepper(program, host, options), options)
}

/** As `trace`, but lets the event loop turn every 20 ms or so, so that a signal can end it. */
export async function traceAsync(program: Program, host: Host, options: TraceOptions = {}): Promise<Traced> {
  return driveAsync(traceStepper(program, host, options), options)
}

function traceStepper(program: Program, host: Host, options: TraceOptions): Stepper<Traced> {
  const limit = checkLimit(options.maxCycles)
  const code = codeTable(program)
  const port = new TracePort(memoryOf(program, true), program.entry)
  const chunks: TraceChunk[] = []
  const calls = noCalls()
  let chunkCalls = noCalls()
  const execute = executorOf(program, code, port, options.engine)
  const guest = new PortGuest(port)
  let cycles = 0

  const flush = (): void => {
    port.chunk.rows = port.row
    options.onChunk?.(port.chunk, chunkCalls)
    if (options.keep !== false) {
      chunks.push(port.chunk)
      for (const e of chunkCalls.ecalls) calls.ecalls.push(e)
      for (const e of chunkCalls.audited) calls.audited.push(e)
    }
    chunkCalls = noCalls()
    port.row = 0
  }
  const at = (cycle: number) => where(program, port.pc, cycle)
  const finish = (halt: Halt, record: HaltRecord | undefined): Traced => {
    if (port.row > 0) flush()
    return {
      halt,
      trace: {
        cycles,
        chunks,
        ...calls,
        halt: record,
        registersFinal: new Uint32Array(port.registers),
        registersFinalTs: port.times.slice(),
        memory: touchedMemory(program, port.memory),
      },
    }
  }
  const last = (halt: Halt, record: HaltRecord): Traced => {
    port.retire(port.pc)
    cycles++
    return finish(halt, record)
  }

  return {
    get cycles() {
      return cycles
    },
    abort: () => finish({ kind: 'aborted', ...at(cycles) }, undefined),
    advance(count) {
      for (let left = count; left > 0;) {
        const asked = Math.min(left, limit - cycles, CHUNK_ROWS - port.row)
        if (limit === cycles) return finish({ kind: 'limit', limit, ...at(cycles) }, undefined)
        const retired = execute(asked)
        cycles += retired
        left -= retired
        const cycle = cycles + 1
        if (port.stop === STOP.ecall) {
          guest.clk = cycle
          const number = guest.reg(17)
          const outcome = host.ecall(guest)
          if (outcome.kind === 'trap') return finish(ecallHalt(outcome, number, at(cycle)), undefined)
          if (outcome.kind === 'exit')
            return last(ecallHalt(outcome, number, at(cycle)), exitRecord(port, cycle, number, guest.reg(10)))
          if (outcome.kind === 'direct') chunkCalls.ecalls.push(direct(port, cycle, outcome))
          else chunkCalls.audited.push(audited(port, cycle, outcome))
          port.retire(port.pc)
          port.pc = outcome.kind === 'direct' ? port.pc + 4 : outcome.nextPc
          cycles++
          left -= ECALL_WEIGHT
        } else if (port.stop === STOP.ebreak) {
          return last(trapHalt(program, port, at(cycle)), ebreakRecord(port, cycle))
        } else if (port.stop !== STOP.done) {
          const entry = codeEntryAt(program, port.pc)
          if (entry !== undefined) port.unread(entry.rs1, entry.rs2)
          return finish(trapHalt(program, port, at(cycle)), undefined)
        }
        if (port.row === CHUNK_ROWS) {
          flush()
          port.chunk = emptyChunk(cycles + 1)
        }
      }
      return undefined
    },
  }
}

/** The last timestamp of a register, which an access at `ts` replaces. */
function touchRegister(port: TracePort, register: number, ts: number): number {
  const prev = port.times[register]
  port.times[register] = ts
  return prev
}

function exitRecord(port: TracePort, clk: number, number: number, code: number): HaltRecord {
  const a7Prev = touchRegister(port, 17, port.ts)
  const a0Prev = touchRegister(port, 10, port.ts + 3)
  return { kind: 'exit', clk, pc: port.pc, number, code, a7Prev, a0Prev, ...cursors(port) }
}

function ebreakRecord(port: TracePort, clk: number): HaltRecord {
  return { kind: 'ebreak', clk, pc: port.pc, number: 0, code: 0, a7Prev: 0, a0Prev: 0, ...cursors(port) }
}

const cursors = (port: TracePort) => ({
  publicCursor: port.registers[PUBLIC_CURSOR],
  publicCursorPrev: touchRegister(port, PUBLIC_CURSOR, port.ts + 3),
  journalCursor: port.registers[JOURNAL_CURSOR],
  journalCursorPrev: touchRegister(port, JOURNAL_CURSOR, port.ts + 3),
})

/** Makes a direct call, and notes what it copies and moves. */
function direct(port: TracePort, clk: number, { result, cursor = 0, copy }: DirectCall): EcallRecord {
  const { ts, registers } = port
  const [number, a0, a1, a2] = [17, 10, 11, 12].map((slot) => registers[slot] >>> 0)
  const copies = copy === undefined ? [] : copyWords(port, copy)
  const cursorBefore = cursor === 0 ? 0 : registers[cursor]
  if (cursor !== 0) registers[cursor] += result
  registers[10] = result
  return {
    clk,
    pc: port.pc,
    number,
    a0,
    a1,
    a2,
    result: result >>> 0,
    a7Prev: touchRegister(port, 17, ts),
    a0Prev: touchRegister(port, 10, ts + 3),
    a1Prev: touchRegister(port, 11, ts),
    a2Prev: touchRegister(port, 12, ts),
    cursor,
    cursorBefore,
    cursorPrev: cursor === 0 ? 0 : touchRegister(port, cursor, ts + 3),
    copies,
  }
}

function copyWords(
  port: TracePort,
  { address, bytes, write }: NonNullable<DirectCall['copy']>,
): CopyRecord[] {
  const { memory, ts } = port
  if (bytes.length === 0) return []
  const end = address + bytes.length
  const found: { addr: number; before: number; prev: number }[] = []
  for (let addr = address - (address % 4); addr < end; addr += 4) {
    const { words, times } = pageOf(memory, addr)
    const word = wordOf(addr)
    found.push({ addr, before: words[word] >>> 0, prev: times[word] })
    times[word] = ts + 2
  }
  if (write) putBytes(memory, address, bytes)
  return found.map(({ addr, before, prev }) => {
    const offset = Math.max(0, address - addr)
    const after = pageOf(memory, addr).words[wordOf(addr)] >>> 0
    return { addr, before, after, prev, offset, count: Math.min(4, end - addr) - offset }
  })
}

/** Makes an audited call, and completes its rows with what they found. */
function audited(port: TracePort, clk: number, call: AuditedCall): AuditedRecord {
  const { registers, memory, ts, pc } = port
  const effects = effectRows(call)
  const { words, at, register, write } = EFFECT
  // A word that is read and written has two rows, the read first: its time is then the time before of the write.
  for (let row = 0; row < effects.length; row += words) {
    const flags = effects[row]
    const address = effects[row + at.address]
    const page = (flags & register) === 0 ? pageOf(memory, address) : undefined
    const index = page === undefined ? address : wordOf(address)
    const times = page === undefined ? port.times : page.times
    effects[row + at.before] = page === undefined ? registers[index] : page.words[index]
    effects[row + at.prev] = times[index]
    times[index] = ts + ((flags & write) === 0 ? 1 : 2)
  }
  commit(port, call)
  for (let row = 0; row < effects.length; row += words) {
    const flags = effects[row]
    const address = effects[row + at.address]
    if ((flags & write) === 0) effects[row + at.after] = effects[row + at.before]
    else if ((flags & register) !== 0) effects[row + at.after] = registers[address]
    else effects[row + at.after] = pageOf(memory, address).words[wordOf(address)]
  }
  return { clk, pc, nextPc: call.nextPc, effects }
}

function touchedMemory(program: Program, memory: Memory): TouchedMemory {
  const touched: number[] = []
  let count = 0
  // Most have no page; callbacks for all of them take longer than a short run.
  for (let index = 0; index < memory.pages.length; index++) {
    const page = memory.pages[index]
    if (page === undefined) continue
    touched.push(index)
    for (let w = 0; w < PAGE_WORDS; w++) if (page.times[w] !== 0) count++
  }
  const addr = new Uint32Array(count)
  const initial = new Uint32Array(count)
  const final = new Uint32Array(count)
  const finalTs = new Uint32Array(count)
  const { wordAddr, wordValue } = program
  let at = 0
  let image = 0
  for (const index of touched) {
    const page = memory.pages[index]!
    for (let w = 0; w < PAGE_WORDS; w++) {
      if (page.times[w] === 0) continue
      const address = index * PAGE_BYTES + 4 * w
      while (image < wordAddr.length && wordAddr[image] < address) image++
      addr[at] = address
      initial[at] = image < wordAddr.length && wordAddr[image] === address ? wordValue[image] : 0
      final[at] = page.words[w]
      finalTs[at++] = page.times[w]
    }
  }
  return { addr, initial, final, finalTs }
}
