import type { Machine } from './machine.ts'
import { PAGE_BITS, PAGE_WORDS } from './memory.ts'
import type { Memory } from './memory.ts'
import { CHUNK_ROWS, INITIAL_SP, REGISTER_SLOTS } from './trace-types.ts'
import type { TraceChunk } from './trace-types.ts'

/** Chunks that nobody reads any more: fresh memory costs more than clearing it does. */
const spare: TraceChunk[] = []
const MAX_SPARE = 32

const COLUMNS = [
  'pc',
  'rs1Value',
  'rs1Prev',
  'rs2Value',
  'rs2Prev',
  'rdBefore',
  'rdAfter',
  'rdPrev',
  'memAddr',
  'memBefore',
  'memAfter',
  'memPrev',
] as const

/** Gives chunks back, to be the chunks of later traces: neither they nor their columns may be looked at again. */
export function recycleChunks(chunks: readonly TraceChunk[]): void {
  for (const chunk of chunks)
    if (spare.length < MAX_SPARE && chunk.pc.length === CHUNK_ROWS) spare.push(chunk)
}

/** A chunk without rows; `capacity` rows fit. */
export function emptyChunk(firstClk: number, capacity = CHUNK_ROWS): TraceChunk {
  const used = capacity === CHUNK_ROWS ? spare.pop() : undefined
  const column = (name: (typeof COLUMNS)[number]): Uint32Array =>
    used === undefined ? new Uint32Array(capacity) : used[name].fill(0)
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, column(name)]))
  return { firstClk, rows: 0, ...(columns as Record<(typeof COLUMNS)[number], Uint32Array>) }
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
