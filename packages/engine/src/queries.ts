import { EFFECT } from './effects.ts'
import type { Halt } from './halt.ts'
import { rowAt } from './row.ts'
import type { Access, TraceRow } from './row.ts'
import type { TraceReader } from './trace-reader.ts'
import { CHARGED, JOURNAL_CURSOR, PUBLIC_CURSOR, RAM_SIZE, REGISTER_SLOTS, SINK } from './trace-types.ts'
import type { TraceChunk } from './trace-types.ts'

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
  /** Direct ecalls, and the words they copied. */
  readonly ecalls: number
  readonly copiedWords: number
  /** Audited ecalls, and the registers and words that they read or wrote. */
  readonly audited: number
  readonly effects: number
  readonly complete: boolean
  readonly lostBytes: number
  readonly touchedWords?: number
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
    audited: reader.auditedCount,
    effects: reader.effectCount,
    complete: reader.complete,
    lostBytes: reader.lostBytes,
    ...(end === undefined ? {} : { touchedWords: end.memory.addr.length, halt: end.halt }),
  }
}

const NAMED_SLOTS: Readonly<Record<number, string>> = {
  [SINK]: 'sink',
  [PUBLIC_CURSOR]: 'public-cursor',
  [JOURNAL_CURSOR]: 'journal-cursor',
  [CHARGED]: 'charged-cycles',
}

/** 'x5', and names for the slots that are no register of the guest. */
export const registerName = (slot: number): string => NAMED_SLOTS[slot] ?? `x${slot}`

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
  const { mayHit, isHit, hits } = 'addr' in target ? wordTarget(target.addr) : registerTarget(target.reg)
  let lastAccess: Found | undefined
  let lastWrite: Found | undefined
  let clk = Math.min(before - 1, reader.cycles)
  const final = finalTime(reader, target)
  if (final !== undefined) clk = Math.min(clk, final >>> 2)
  const haltClk = reader.end()?.record?.clk
  while (clk >= 1 && lastWrite === undefined) {
    const c = Math.floor((clk - 1) / reader.chunkRows)
    const { chunk, ecalls, audited } = reader.chunk(c)
    const direct = new Set(ecalls.map((e) => e.clk))
    const effects = new Map(audited.map((e) => [e.clk, e.effects]))
    let prev: number | undefined
    for (; clk >= chunk.firstClk && lastWrite === undefined; clk--) {
      const i = clk - chunk.firstClk
      const special = clk === haltClk || direct.has(clk) || hasEffect(effects.get(clk), isHit)
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

/** Without the objects of a row: an audited call may have thousands of effects. */
function hasEffect(effects: Uint32Array | undefined, isHit: Target['isHit']): boolean {
  if (effects === undefined) return false
  for (let i = 0; i < effects.length; i += EFFECT.words)
    if (isHit((effects[i] & EFFECT.register) !== 0, effects[i + EFFECT.at.address])) return true
  return false
}

interface Target {
  /** False when the row surely has no such access. */
  readonly mayHit: (chunk: TraceChunk, i: number, codeAt: TraceReader['codeAt']) => boolean
  readonly isHit: (isRegister: boolean, address: number) => boolean
  /** Ascending by timestamp. */
  readonly hits: (row: TraceRow) => readonly Access[]
}

function wordTarget(addr: number): Target {
  if (!(Number.isInteger(addr) && addr >= 0 && addr < RAM_SIZE))
    throw new RangeError(`no address in RAM: ${addr}`)
  const word = addr - (addr % 4)
  return {
    mayHit: (chunk, i) => (chunk.memAddr[i] & ~3) === word,
    isHit: (isRegister, address) => !isRegister && address === word,
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
    isHit: (isRegister, address) => isRegister && address === reg,
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
