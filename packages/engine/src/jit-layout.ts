import { PAGE_BITS, PAGE_BYTES } from './memory.ts'
import { CHUNK_ROWS, REGISTER_SLOTS } from './trace-types.ts'
import type { TraceChunk } from './trace-types.ts'

/**
 * The linear memory of compiled code, by byte address. After the fixed part come, each at a multiple of 64 KiB: the map
 * of entries, a word for each word of code; frames, one for each page of guest memory touched; chunks.
 */
export const AT = {
  /** What a run is told and answers with; see `jit-emit.ts`. */
  cursor: 0x40,
  limit: 0x44,
  tsOffset: 0x48,
  partial: 0x4c,
  registers: 0x100,
  times: 0x200,
  /**
   * Frame of each page of a 32-bit address space, 0 where there is none. Pages outside of RAM never have one, so one
   * look says both that an address is in range and that its page is there.
   */
  directory: 0x10000,
  map: 0x10000 + 4 * 2 ** (32 - PAGE_BITS),
} as const
if (AT.registers + 4 * REGISTER_SLOTS > AT.times) throw new Error('the registers overlap the times')

/** Bytes of a frame: the page, and behind it, where a run is traced, the last timestamp of each of its words. */
export const frameBytes = (traced: boolean): number => (traced ? 2 * PAGE_BYTES : PAGE_BYTES)

export type Column = Exclude<keyof TraceChunk, 'firstClk' | 'rows'>

const COLUMN_LIST: readonly Column[] = [
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
]
/** Five cache lines more than a column has: cells of one row lie in different cache sets. */
const COLUMN_BYTES = 4 * CHUNK_ROWS + 5 * 64

/** Byte offset of each column in a chunk. */
export const COLUMN = Object.fromEntries(COLUMN_LIST.map((name, i) => [name, i * COLUMN_BYTES])) as Readonly<
  Record<Column, number>
>
export const CHUNK_BYTES = COLUMN_LIST.length * COLUMN_BYTES

/** A chunk without rows whose columns lie at `address`, where all is zero. */
export function chunkAt(buffer: ArrayBuffer, address: number, firstClk: number): TraceChunk {
  const columns = COLUMN_LIST.map((name) => [
    name,
    new Uint32Array(buffer, address + COLUMN[name], CHUNK_ROWS),
  ])
  return { firstClk, rows: 0, ...(Object.fromEntries(columns) as Record<Column, Uint32Array>) }
}

/** Copies the columns of a chunk. */
export function copyChunk(from: TraceChunk, to: TraceChunk): TraceChunk {
  for (const name of COLUMN_LIST) to[name].set(from[name])
  return to
}
