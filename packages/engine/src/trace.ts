import { codeTable } from './code.ts'
import type { CodeTable } from './code.ts'
import type { Program } from './elf.ts'
import type { Halt } from './halt.ts'
import type { Host } from './host.ts'
import { STEP, step } from './machine.ts'
import { PAGE_WORDS, PAGE_BITS, memoryOf } from './memory.ts'
import type { Memory } from './memory.ts'
import { TracePort, emptyChunk } from './port-trace.ts'
import { NO_INSTRUCTION, RunContext, checkLimit, ecallHalt, trapHalt, where } from './run.ts'
import type { RunOptions } from './run.ts'
import { CHUNK_ROWS, JOURNAL_CURSOR, PUBLIC_CURSOR } from './trace-types.ts'
import type { CopyRecord, EcallRecord, HaltRecord, TouchedMemory, Trace, TraceChunk } from './trace-types.ts'

export interface TraceOptions extends RunOptions {
  /** Given each chunk when it is full, and the last one, with the ecalls of its cycles: for writing while running. */
  readonly onChunk?: (chunk: TraceChunk, ecalls: readonly EcallRecord[]) => void
  /** False: `trace.chunks` and `trace.ecalls` stay empty, for runs that only go to a file. */
  readonly keep?: boolean
}

/** Runs a program to its halt and keeps everything it did. A cycle that trapped has no row, but for EBREAK. */
export function trace(
  program: Program,
  host: Host,
  options: TraceOptions = {},
): { readonly halt: Halt; readonly trace: Trace } {
  const table = codeTable(program)
  const port = new TracePort(memoryOf(program, true), program.entry)
  const limit = checkLimit(options.maxCycles)
  const chunks: TraceChunk[] = []
  const ecalls: EcallRecord[] = []
  let chunkEcalls: EcallRecord[] = []
  let cycle = 0

  const flush = (): void => {
    port.chunk.rows = port.row
    options.onChunk?.(port.chunk, chunkEcalls)
    if (options.keep !== false) {
      chunks.push(port.chunk)
      for (const e of chunkEcalls) ecalls.push(e)
    }
    chunkEcalls = []
  }
  const finish = (halt: Halt, cycles: number, record: HaltRecord | undefined) => {
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

  for (;;) {
    if (port.row === CHUNK_ROWS) {
      flush()
      port.chunk = emptyChunk(cycle + 1)
      port.row = 0
      options.onProgress?.(cycle)
      if (options.signal?.aborted === true)
        return finish({ kind: 'aborted', ...where(program, port.pc, cycle) }, cycle, undefined)
    }
    const left = Math.min(CHUNK_ROWS - port.row, limit - cycle)
    if (left === 0)
      return finish({ kind: 'limit', limit, ...where(program, port.pc, cycle) }, cycle, undefined)
    cycle += traceSlice(port, table, left)
    const { stop, pc } = port
    if (stop === STEP.done) continue
    const at = where(program, pc, cycle)
    if (stop === STEP.ecall) {
      const context = new TraceContext(port, cycle)
      const { number, a0 } = context
      const outcome = host.ecall(context)
      if (outcome.kind === 'trap') return finish(ecallHalt(outcome, number, at), cycle - 1, undefined)
      port.chunk.pc[port.row++] = pc
      if (outcome.kind === 'exit')
        return finish(ecallHalt(outcome, number, at), cycle, exitRecord(port, cycle, number, a0))
      chunkEcalls.push(context.record(outcome.value))
      port.pc += 4
      port.ts += 4
    } else if (stop === STEP.ebreak) {
      port.chunk.pc[port.row++] = pc
      return finish(trapHalt(program, stop, port, at), cycle, ebreakRecord(port, cycle))
    } else {
      return finish(trapHalt(program, stop, port, at), cycle - 1, undefined)
    }
  }
}

/** The twin of run's slice: a row a cycle that ended well. */
function traceSlice(port: TracePort, table: CodeTable, count: number): number {
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
    port.chunk.pc[port.row] = pc
    port.row++
    port.ts += 4
  }
  port.stop = STEP.done
  return count
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
