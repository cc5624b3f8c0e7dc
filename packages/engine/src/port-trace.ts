import type { Machine } from './machine.ts'
import { PAGE_BITS, PAGE_WORDS } from './memory.ts'
import type { Memory } from './memory.ts'
import { CHUNK_ROWS, INITIAL_SP, REGISTER_SLOTS } from './trace-types.ts'
import type { TraceChunk } from './trace-types.ts'

/** A chunk without rows; `capacity` rows fit. */
export function emptyChunk(firstClk: number, capacity = CHUNK_ROWS): TraceChunk {
  const column = (): Uint32Array => new Uint32Array(capacity)
  return {
    firstClk,
    rows: 0,
    pc: column(),
    rs1Value: column(),
    rs1Prev: column(),
    rs2Value: column(),
    rs2Prev: column(),
    rdBefore: column(),
    rdAfter: column(),
    rdPrev: column(),
    memAddr: column(),
    memBefore: column(),
    memAfter: column(),
    memPrev: column(),
  }
}

/** The port for tracing: every access lands in row `row` of `chunk`, with the timestamp of the one before. */
export class TracePort implements Machine {
  pc: number
  stop = 0
  chunk: TraceChunk
  row = 0
  /** 4·clk of the cycle under way. */
  ts = 4
  readonly registers = new Int32Array(REGISTER_SLOTS)
  readonly times = new Uint32Array(REGISTER_SLOTS)
  readonly memory: Memory

  constructor(memory: Memory, entry: number) {
    this.memory = memory
    this.pc = entry
    this.chunk = emptyChunk(1)
    this.registers[2] = INITIAL_SP
  }

  rs1(register: number): number {
    const { row, chunk, times } = this
    const value = this.registers[register]
    chunk.rs1Value[row] = value
    chunk.rs1Prev[row] = times[register]
    times[register] = this.ts
    return value
  }

  rs2(register: number): number {
    const { row, chunk, times } = this
    const value = this.registers[register]
    chunk.rs2Value[row] = value
    chunk.rs2Prev[row] = times[register]
    times[register] = this.ts + 1
    return value
  }

  setRd(register: number, value: number): void {
    const { row, chunk, times, registers } = this
    chunk.rdBefore[row] = registers[register]
    chunk.rdAfter[row] = value
    chunk.rdPrev[row] = times[register]
    times[register] = this.ts + 3
    registers[register] = value
  }

  load(address: number): number {
    const { row, chunk } = this
    const page = this.memory.pages[address >>> PAGE_BITS] ?? this.memory.touch(address >>> PAGE_BITS)
    const word = (address >>> 2) & (PAGE_WORDS - 1)
    const value = page.words[word]
    chunk.memAddr[row] = address
    chunk.memBefore[row] = value
    chunk.memAfter[row] = value
    chunk.memPrev[row] = page.times[word]
    page.times[word] = this.ts + 2
    return value
  }

  store(address: number, mask: number, bits: number): void {
    const { row, chunk } = this
    const page = this.memory.pages[address >>> PAGE_BITS] ?? this.memory.touch(address >>> PAGE_BITS)
    const word = (address >>> 2) & (PAGE_WORDS - 1)
    const before = page.words[word]
    const after = (before & ~mask) | bits
    chunk.memAddr[row] = address
    chunk.memBefore[row] = before
    chunk.memAfter[row] = after
    chunk.memPrev[row] = page.times[word]
    page.times[word] = this.ts + 2
    page.words[word] = after
  }

  retire(pc: number): void {
    this.chunk.pc[this.row] = pc
    this.row++
    this.ts += 4
  }

  /** Takes back the reads of a cycle that trapped: it has no row, so nothing may point at its timestamps. */
  unread(rs1: number, rs2: number): void {
    const { row, chunk, times, ts } = this
    if (times[rs2] === ts + 1) times[rs2] = chunk.rs2Prev[row]
    if (times[rs1] === ts) times[rs1] = chunk.rs1Prev[row]
    for (const column of [chunk.rs1Value, chunk.rs1Prev, chunk.rs2Value, chunk.rs2Prev]) column[row] = 0
  }
}
