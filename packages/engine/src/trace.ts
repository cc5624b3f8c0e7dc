import { codeEntryAt, codeTable } from './code.ts'
import type { Program } from './elf.ts'
import type { Halt } from './halt.ts'
import type { Host } from './host.ts'
import { STOP, advance } from './machine.ts'
import { PAGE_BITS, PAGE_WORDS, memoryOf } from './memory.ts'
import type { Memory } from './memory.ts'
import { TracePort, emptyChunk } from './port-trace.ts'
import { RunContext, checkLimit, ecallHalt, trapHalt, where } from './run.ts'
import type { RunOptions } from './run.ts'
import { ECALL_WEIGHT, drive, driveAsync } from './stepper.ts'
import type { Stepper } from './stepper.ts'
import { CHUNK_ROWS, JOURNAL_CURSOR, PUBLIC_CURSOR } from './trace-types.ts'
import type { CopyRecord, EcallRecord, HaltRecord, TouchedMemory, Trace, TraceChunk } from './trace-types.ts'

export interface TraceOptions extends RunOptions {
  /** Given each chunk when it is full, and the last one, with the ecalls of its cycles: for writing while running. */
  readonly onChunk?: (chunk: TraceChunk, ecalls: readonly EcallRecord[]) => void
  /** False: `trace.chunks` and `trace.ecalls` stay empty, for runs that only go to a file. */
  readonly keep?: boolean
}

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
  const ecalls: EcallRecord[] = []
  let chunkEcalls: EcallRecord[] = []
  let cycles = 0

  const flush = (): void => {
    port.chunk.rows = port.row
    options.onChunk?.(port.chunk, chunkEcalls)
    if (options.keep !== false) {
      chunks.push(port.chunk)
      for (const e of chunkEcalls) ecalls.push(e)
    }
    chunkEcalls = []
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
        ecalls,
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
        const retired = advance(port, code, asked)
        cycles += retired
        left -= retired
        const cycle = cycles + 1
        if (port.stop === STOP.ecall) {
          const context = new TraceContext(port, cycle)
          const { number, a0 } = context
          const outcome = host.ecall(context)
          if (outcome.kind === 'trap') return finish(ecallHalt(outcome, number, at(cycle)), undefined)
          if (outcome.kind === 'exit')
            return last(ecallHalt(outcome, number, at(cycle)), exitRecord(port, cycle, number, a0))
          chunkEcalls.push(context.record(outcome.value))
          port.retire(port.pc)
          port.pc += 4
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

/** A service's view that notes what it copies and moves. */
class TraceContext extends RunContext {
  readonly #port: TracePort
  readonly #clk: number
  readonly #at: { number: number; a0: number; a1: number; a2: number; pc: number }
  #copies: CopyRecord[] = []
  #cursor = 0
  #cursorBefore = 0

  constructor(port: TracePort, clk: number) {
    super(port)
    this.#port = port
    this.#clk = clk
    this.#at = { number: this.number, a0: this.a0, a1: this.a1, a2: this.a2, pc: port.pc }
  }

  override readBytes(address: number, length: number): Uint8Array {
    const bytes = super.readBytes(address, length)
    this.#copy(address, length, () => {})
    return bytes
  }

  override writeBytes(address: number, bytes: Uint8Array): void {
    this.#copy(address, bytes.length, () => super.writeBytes(address, bytes))
  }

  override advance(cursor: number, count: number): void {
    this.#cursor = cursor
    this.#cursorBefore = this.#port.registers[cursor]
    super.advance(cursor, count)
  }

  #copy(address: number, length: number, effect: () => void): void {
    if (this.#copies.length > 0) throw new Error('a service copies at most once a call')
    if (length === 0) return
    const { memory, ts } = this.#port
    const first = address - (address % 4)
    const words: { addr: number; before: number; prev: number }[] = []
    const page = (addr: number) => memory.pages[addr >>> PAGE_BITS] ?? memory.touch(addr >>> PAGE_BITS)
    for (let addr = first; addr < address + length; addr += 4) {
      const { words: values, times } = page(addr)
      const word = (addr >>> 2) & (PAGE_WORDS - 1)
      words.push({ addr, before: values[word] >>> 0, prev: times[word] })
      times[word] = ts + 2
    }
    effect()
    this.#copies = words.map(({ addr, before, prev }) => {
      const offset = Math.max(0, address - addr)
      const count = Math.min(4, address + length - addr) - offset
      const after = page(addr).words[(addr >>> 2) & (PAGE_WORDS - 1)] >>> 0
      return { addr, before, after, prev, offset, count }
    })
  }

  /** Ends the call with a0 = result. */
  record(result: number): EcallRecord {
    const port = this.#port
    const { ts } = port
    const record = {
      clk: this.#clk,
      ...this.#at,
      result: result >>> 0,
      a7Prev: touchRegister(port, 17, ts),
      a0Prev: touchRegister(port, 10, ts + 3),
      a1Prev: touchRegister(port, 11, ts),
      a2Prev: touchRegister(port, 12, ts),
      cursor: this.#cursor,
      cursorBefore: this.#cursorBefore,
      cursorPrev: this.#cursor === 0 ? 0 : touchRegister(port, this.#cursor, ts + 3),
      copies: this.#copies,
    }
    port.registers[10] = result
    return record
  }
}

function touchedMemory(program: Program, memory: Memory): TouchedMemory {
  let count = 0
  for (const page of memory.pages)
    if (page !== undefined) for (let w = 0; w < PAGE_WORDS; w++) if (page.times[w] !== 0) count++
  const addr = new Uint32Array(count)
  const initial = new Uint32Array(count)
  const final = new Uint32Array(count)
  const finalTs = new Uint32Array(count)
  const { wordAddr, wordValue } = program
  let at = 0
  let image = 0
  memory.pages.forEach((page, index) => {
    if (page === undefined) return
    for (let w = 0; w < PAGE_WORDS; w++) {
      if (page.times[w] === 0) continue
      const address = index * 4 * PAGE_WORDS + 4 * w
      while (image < wordAddr.length && wordAddr[image] < address) image++
      addr[at] = address
      initial[at] = image < wordAddr.length && wordAddr[image] === address ? wordValue[image] : 0
      final[at] = page.words[w]
      finalTs[at++] = page.times[w]
    }
  })
  return { addr, initial, final, finalTs }
}
