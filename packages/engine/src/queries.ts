import type { CodeEntry } from './elf.ts'
import type { Halt } from './halt.ts'
import { ISA } from './isa.ts'
import type { TraceReader } from './trace-reader.ts'
import { JOURNAL_CURSOR, PUBLIC_CURSOR, RAM_SIZE, REGISTER_SLOTS, SINK } from './trace-types.ts'
import type { EcallRecord, HaltRecord, TraceChunk } from './trace-types.ts'

/** What a trace file is, ready for JSON. */
export interface TraceInfo {
  readonly version: number
  readonly programDigest: string
  readonly entry: number
  readonly instructions: number
  readonly bytes: number
  readonly chunkRows: number
  readonly chunks: number
  readonly cycles: number
  readonly ecalls: number
  readonly copiedWords: number
  readonly complete: boolean
  readonly lostBytes: number
  readonly touchedWords?: number
  readonly halt?: Halt
}

/** `before` and `after` are equal for a read. `ts` and `prev` are timestamps: 4·clk + slot. */
interface Access {
  readonly kind: 'read' | 'write'
  readonly ts: number
  readonly prev: number
  readonly before: number
  readonly after: number
}

export interface RegisterAccess extends Access {
  readonly register: number
}

/** Bytes [offset, offset + count) of the word at `addr`; the values are those of the whole word. */
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
  /** In the last cycle of a run that halted there. */
  readonly halt?: Halt
}

export interface Found extends Access {
  readonly clk: number
  readonly pc: number
  readonly name?: string
}

export function info(reader: TraceReader): TraceInfo {
  const end = reader.end()
  return {
    version: reader.version,
    programDigest: reader.programDigest,
    entry: reader.entry,
    instructions: reader.codeCount,
    bytes: reader.size,
    chunkRows: reader.chunkRows,
    chunks: reader.chunkCount,
    cycles: reader.cycles,
    ecalls: reader.ecallCount,
    copiedWords: reader.copyCount,
    complete: reader.complete,
    lostBytes: reader.lostBytes,
    ...(end === undefined ? {} : { touchedWords: end.memory.addr.length, halt: end.halt }),
  }
}

/** 'x5', 'sink' and the two cursors. */
export const registerName = (slot: number): string =>
  slot === SINK
    ? 'sink'
    : slot === PUBLIC_CURSOR
      ? 'public-cursor'
      : slot === JOURNAL_CURSOR
        ? 'journal-cursor'
        : `x${slot}`

/**
 * Cycles `from` to `from + count − 1`, as far as there are any. Throws `RangeError` for arguments that are no cycle,
 * `TraceError` for a damaged chunk, when it comes to it.
 */
export function* rows(reader: TraceReader, from: number, count: number): Generator<TraceRow> {
  if (!(Number.isInteger(from) && from >= 1)) throw new RangeError(`cycles start at 1, got ${from}`)
  if (!(Number.isInteger(count) && count >= 0)) throw new RangeError(`no count of cycles: ${count}`)
  const last = Math.min(reader.cycles, from + count - 1)
  for (let clk = from; clk <= last; clk++) yield rowAt(reader, clk)
}

/**
 * The last access and the last write of a word (that holds byte `addr`) or of a register slot, in cycles before
 * `before`, by default in the whole trace. Undefined: it still has its initial value, or was never looked at.
 *
 * Goes backwards from chunk to chunk; the `prev` of the earliest access in a chunk says where to go on.
 */
export function find(
  reader: TraceReader,
  target: { readonly addr: number } | { readonly reg: number },
  options: { readonly before?: number } = {},
): { readonly lastAccess: Found | undefined; readonly lastWrite: Found | undefined } {
  const before = options.before ?? reader.cycles + 1
  if (!(Number.isInteger(before) && before >= 1)) throw new RangeError(`cycles start at 1, got ${before}`)
  const { mayHit, hits } = 'addr' in target ? wordTarget(target.addr) : registerTarget(target.reg)
  let lastAccess: Found | undefined
  let lastWrite: Found | undefined
  let clk = Math.min(before - 1, reader.cycles)
  const final = finalTime(reader, target)
  if (final !== undefined) clk = Math.min(clk, final >>> 2)
  const haltClk = reader.end()?.record?.clk
  while (clk >= 1 && lastWrite === undefined) {
    const c = Math.floor((clk - 1) / reader.chunkRows)
    const { chunk, ecalls } = reader.chunk(c)
    const ecallClks = new Set(ecalls.map((e) => e.clk))
    let prev: number | undefined
    for (; clk >= chunk.firstClk && lastWrite === undefined; clk--) {
      const i = clk - chunk.firstClk
      const special = clk === haltClk || ecallClks.has(clk)
      if (!special && !mayHit(chunk, i, reader.codeAt)) continue
      const row = rowAt(reader, clk)
      for (const { kind, ts, prev: earlier, before, after } of hits(row).toReversed()) {
        const { name } = row
        const found = {
          clk,
          pc: row.pc,
          ...(name === undefined ? {} : { name }),
          kind,
          ts,
          prev: earlier,
          before,
          after,
        }
        lastAccess ??= found
        if (kind === 'write') lastWrite ??= found
        prev = earlier
      }
    }
    if (prev !== undefined) clk = Math.min(clk, prev >>> 2)
  }
  return { lastAccess, lastWrite }
}

interface Target {
  /** False when the row surely has no such access. */
  readonly mayHit: (chunk: TraceChunk, i: number, codeAt: TraceReader['codeAt']) => boolean
  /** Ascending by timestamp. */
  readonly hits: (row: TraceRow) => readonly Access[]
}

function wordTarget(addr: number): Target {
  if (!(Number.isInteger(addr) && addr >= 0 && addr < RAM_SIZE))
    throw new RangeError(`no address in RAM: ${addr}`)
  const word = addr - (addr % 4)
  return {
    mayHit: (chunk, i) => (chunk.memAddr[i] & ~3) === word,
    hits: (row) => row.memory.filter((m) => m.addr === word),
  }
}

function registerTarget(reg: number): Target {
  if (!(Number.isInteger(reg) && reg >= 0 && reg < REGISTER_SLOTS))
    throw new RangeError(`registers are 0 to ${REGISTER_SLOTS - 1}, got ${reg}`)
  return {
    mayHit: (chunk, i, codeAt) => {
      const entry = codeAt(chunk.pc[i])
      return entry !== undefined && (entry.rd === reg || entry.rs1 === reg || entry.rs2 === reg)
    },
    hits: (row) => row.registers.filter((r) => r.register === reg),
  }
}

/** Timestamp of the last access in a complete run. */
function finalTime(
  reader: TraceReader,
  target: { readonly addr: number } | { readonly reg: number },
): number | undefined {
  const end = reader.end()
  if (end === undefined) return undefined
  if ('reg' in target) return end.registersFinalTs[target.reg]
  const { addr, finalTs } = end.memory
  const i = addr.indexOf(target.addr - (target.addr % 4))
  return i === -1 ? 0 : finalTs[i]
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
function rowAt(reader: TraceReader, clk: number): TraceRow {
  const { chunk, ecalls } = reader.chunk(Math.floor((clk - 1) / reader.chunkRows))
  const i = clk - chunk.firstClk
  const pc = chunk.pc[i]
  const entry = reader.codeAt(pc)
  const ecall = entry?.name === 'ecall' ? ecallAt(ecalls, clk) : undefined
  const end = clk === reader.cycles ? reader.end() : undefined
  const registers: RegisterAccess[] = entry === undefined ? [] : registersOf(chunk, i, clk, entry)
  const memory: MemoryAccess[] = entry === undefined ? [] : memoryOf(chunk, i, clk, entry)
  if (ecall !== undefined) registers.push(...ecallRegisters(ecall))
  if (ecall !== undefined)
    for (const { addr, before, after, prev, offset, count } of ecall.copies) {
      // What the journal copies it reads; every other stream is an input.
      const kind = ecall.cursor === JOURNAL_CURSOR ? 'read' : 'write'
      memory.push({ kind, addr, offset, count, ts: 4 * clk + 2, prev, before, after })
    }
  if (end?.record !== undefined) registers.push(...haltRegisters(end.record))
  return {
    clk,
    pc,
    ...(entry === undefined ? {} : { word: entry.word, name: entry.name }),
    registers,
    memory,
    ...(ecall === undefined ? {} : { ecall }),
    ...(end?.halt.cycle === clk ? { halt: end.halt } : {}),
  }
}

function ecallAt(ecalls: readonly EcallRecord[], clk: number): EcallRecord | undefined {
  let [low, high] = [0, ecalls.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ecalls[middle].clk < clk) low = middle + 1
    else high = middle
  }
  return ecalls[low]?.clk === clk ? ecalls[low] : undefined
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
