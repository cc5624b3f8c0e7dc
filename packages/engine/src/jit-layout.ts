import { PAGE_BITS, PAGE_BYTES } from './memory.ts'
import { REGISTER_SLOTS } from './trace-types.ts'
import type { TraceChunk } from './trace-types.ts'

export type Column = Exclude<keyof TraceChunk, 'firstClk' | 'rows'>

export const COLUMNS: readonly Column[] = [
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

/** Rows that compiled code writes before they are copied to their chunk: few enough to stay in a cache. */
export const STAGE_ROWS = 1 << 13
/** Five cache lines more than a column has: cells of one row lie in different cache sets. */
const COLUMN_BYTES = 4 * STAGE_ROWS + 5 * 64

const STAGE = 0x1000
const DIRECTORY = 0x80000
if (STAGE + COLUMNS.length * COLUMN_BYTES > DIRECTORY) throw new Error('the stage overlaps the directory')

/**
 * The linear memory of compiled code, by byte address; what code names most has the shortest addresses. Behind the fixed part come the map of entries, a word for each
 * word of code, and frames, one for each page of guest memory touched.
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
  directory: DIRECTORY,
  /** The stage: cell 0 of each column. */
  column: Object.fromEntries(COLUMNS.map((name, i) => [name, STAGE + i * COLUMN_BYTES])) as Readonly<
    Record<Column, number>
  >,
  map: DIRECTORY + 4 * 2 ** (32 - PAGE_BITS),
} as const
if (AT.registers + 4 * REGISTER_SLOTS > AT.times) throw new Error('the registers overlap the times')

/** Bytes of a frame: the page, and behind it, where a run is traced, the last timestamp of each of its words. */
export const frameBytes = (traced: boolean): number => (traced ? 2 * PAGE_BYTES : PAGE_BYTES)
