import { EFFECT } from './effects.ts'
import type { CodeEntry } from './elf.ts'
import type { Halt } from './halt.ts'
import { ISA } from './isa.ts'
import type { TraceReader } from './trace-reader.ts'
import { JOURNAL_CURSOR, PUBLIC_CURSOR } from './trace-types.ts'
import type { AuditedRecord, EcallRecord, HaltRecord, TraceChunk } from './trace-types.ts'

/** `before` and `after` are equal for a read. `ts` and `prev` are timestamps: 4·clk + slot. */
export interface Access {
  readonly kind: 'read' | 'write'
  readonly ts: number
  readonly prev: number
  readonly before: number
  readonly after: number
}

export interface RegisterAccess extends Access {
  readonly register: number
}

/**
 * Bytes [offset, offset + count) of the word at `addr`; the values are those of the whole word. For an audited call
 * these go from the first byte that it touches to the last.
 */
export interface MemoryAccess extends Access {
  readonly addr: number
  readonly offset: number
  readonly count: number
}

/** One cycle. `word` and `name` are absent when the file's code table has no such pc, which no honest file shows. */
export interface TraceRow {
  readonly clk: number
  readonly pc: number
  readonly word?: number
  readonly name?: string
  /** Ascending by timestamp. */
  readonly registers: readonly RegisterAccess[]
  readonly memory: readonly MemoryAccess[]
  readonly ecall?: EcallRecord
  /** Of an audited call; its effects are among the accesses. */
  readonly audited?: { readonly nextPc: number }
  /** In the last cycle of a run that halted there. */
  readonly halt?: Halt
}

/** Which registers and memory an instruction touches, by its row in `ISA`. */
const USES = ISA.map(({ format, match }) => {
  const load = format === 'I' && (match & 0x7f) === 0x03
  return {
    rs1: format !== 'U' && format !== 'J' && format !== 'system',
    rs2: format === 'R' || format === 'S' || format === 'B',
    rd: format !== 'S' && format !== 'B' && format !== 'system',
    bytes: load || format === 'S' ? 1 << ((match >>> 12) & 3) : 0,
    store: format === 'S',
  }
})

/** A cycle that `reader` has. */
export function rowAt(reader: TraceReader, clk: number): TraceRow {
  const { chunk, ecalls, audited } = reader.chunk(Math.floor((clk - 1) / reader.chunkRows))
  const i = clk - chunk.firstClk
  const pc = chunk.pc[i]
  const entry = reader.codeAt(pc)
  const isCall = entry?.name === 'ecall'
  const ecall = isCall ? callAt(ecalls, clk) : undefined
  const call = isCall ? callAt(audited, clk) : undefined
  const end = clk === reader.cycles ? reader.end() : undefined
  const registers: RegisterAccess[] = entry === undefined ? [] : registersOf(chunk, i, clk, entry)
  const memory: MemoryAccess[] = entry === undefined ? [] : memoryOf(chunk, i, clk, entry)
  if (ecall !== undefined) {
    for (const access of ecallRegisters(ecall)) registers.push(access)
    for (const { addr, before, after, prev, offset, count } of ecall.copies) {
      // What the journal copies it reads; every other stream is an input.
      const kind = ecall.cursor === JOURNAL_CURSOR ? 'read' : 'write'
      memory.push({ kind, addr, offset, count, ts: 4 * clk + 2, prev, before, after })
    }
  }
  if (call !== undefined) putEffects(call, registers, memory)
  if (end?.record !== undefined) registers.push(...haltRegisters(end.record))
  return {
    clk,
    pc,
    ...(entry === undefined ? {} : { word: entry.word, name: entry.name }),
    registers,
    memory,
    ...(ecall === undefined ? {} : { ecall }),
    ...(call === undefined ? {} : { audited: { nextPc: call.nextPc } }),
    ...(end?.halt.cycle === clk ? { halt: end.halt } : {}),
  }
}

function callAt<Call extends { readonly clk: number }>(
  calls: readonly Call[],
  clk: number,
): Call | undefined {
  let [low, high] = [0, calls.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (calls[middle].clk < clk) low = middle + 1
    else high = middle
  }
  return calls[low]?.clk === clk ? calls[low] : undefined
}

function putEffects(
  { clk, effects }: AuditedRecord,
  registers: RegisterAccess[],
  memory: MemoryAccess[],
): void {
  for (let i = 0; i < effects.length; i += EFFECT.words) {
    const [flags, address, before, after, prev] = effects.subarray(i, i + EFFECT.words)
    const isWrite = (flags & EFFECT.write) !== 0
    const access = {
      kind: isWrite ? 'write' : 'read',
      ts: 4 * clk + (isWrite ? 2 : 1),
      prev,
      before,
      after,
    } as const
    if ((flags & EFFECT.register) !== 0) registers.push({ register: address, ...access })
    else {
      const mask = (flags >>> (isWrite ? EFFECT.changed : EFFECT.shown)) & 15
      const offset = 31 - Math.clz32(mask & -mask)
      memory.push({ addr: address, offset, count: 32 - Math.clz32(mask) - offset, ...access })
    }
  }
}

const read = (register: number, ts: number, prev: number, value: number): RegisterAccess => ({
  kind: 'read',
  register,
  ts,
  prev,
  before: value,
  after: value,
})

function registersOf(chunk: TraceChunk, i: number, clk: number, entry: CodeEntry): RegisterAccess[] {
  const uses = USES[entry.op]
  const ts = 4 * clk
  const { rs1, rs2, rd } = entry
  return [
    ...(uses.rs1 ? [read(rs1, ts, chunk.rs1Prev[i], chunk.rs1Value[i])] : []),
    ...(uses.rs2 ? [read(rs2, ts + 1, chunk.rs2Prev[i], chunk.rs2Value[i])] : []),
    ...(uses.rd
      ? [
          {
            kind: 'write' as const,
            register: rd,
            ts: ts + 3,
            prev: chunk.rdPrev[i],
            before: chunk.rdBefore[i],
            after: chunk.rdAfter[i],
          },
        ]
      : []),
  ]
}

function memoryOf(chunk: TraceChunk, i: number, clk: number, entry: CodeEntry): MemoryAccess[] {
  const { bytes, store } = USES[entry.op]
  if (bytes === 0) return []
  const address = chunk.memAddr[i]
  return [
    {
      kind: store ? 'write' : 'read',
      addr: address - (address % 4),
      offset: address % 4,
      count: bytes,
      ts: 4 * clk + 2,
      prev: chunk.memPrev[i],
      before: chunk.memBefore[i],
      after: chunk.memAfter[i],
    },
  ]
}

function ecallRegisters(e: EcallRecord): RegisterAccess[] {
  const ts = 4 * e.clk
  const write = (register: number, prev: number, before: number, after: number): RegisterAccess => ({
    kind: 'write',
    register,
    ts: ts + 3,
    prev,
    before,
    after,
  })
  return [
    read(17, ts, e.a7Prev, e.number),
    read(11, ts, e.a1Prev, e.a1),
    read(12, ts, e.a2Prev, e.a2),
    write(10, e.a0Prev, e.a0, e.result),
    ...(e.cursor === 0
      ? []
      : [write(e.cursor, e.cursorPrev, e.cursorBefore, (e.cursorBefore + e.result) >>> 0)]),
  ]
}

function haltRegisters(record: HaltRecord): RegisterAccess[] {
  const ts = 4 * record.clk
  const cursors = [
    read(PUBLIC_CURSOR, ts + 3, record.publicCursorPrev, record.publicCursor),
    read(JOURNAL_CURSOR, ts + 3, record.journalCursorPrev, record.journalCursor),
  ]
  return record.kind === 'ebreak'
    ? cursors
    : [read(17, ts, record.a7Prev, record.number), read(10, ts + 3, record.a0Prev, record.code), ...cursors]
}
