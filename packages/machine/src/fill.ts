import { CHUNK_ROWS } from '@vouch/engine'
import type { TraceChunk } from '@vouch/engine'
import { SLOT } from './buses.ts'
import { chunkOf, familyRows } from './collect.ts'
import { FAMILY } from './families.ts'
import { foundAt } from './gaps.ts'
import type { FamilyRows, Run } from './run.ts'

/** The per-cycle columns of the trace. */
export type TraceField = Exclude<keyof TraceChunk, 'firstClk' | 'rows'>

type InstructionFamily = keyof typeof FAMILY

/** One field of the trace for each row of a family. Rows ascend by cycle, so each chunk's array is looked up once. */
export function gather(run: Run, rows: FamilyRows, field: TraceField): Uint32Array {
  const { count, cycle } = rows
  const out = new Uint32Array(count)
  for (let r = 0; r < count;) {
    const chunk = chunkOf(cycle[r])
    const source = run.chunks[chunk][field]
    const start = chunk * CHUNK_ROWS
    const end = start + CHUNK_ROWS
    for (; r < count && cycle[r] < end; r++) out[r] = source[cycle[r] - start]
  }
  return out
}

/** Splits words into limbs. */
export function putLimbs(values: Uint32Array, v0: Uint32Array, v1: Uint32Array): void {
  for (let r = 0; r < values.length; r++) {
    v0[r] = values[r] & 0xffff
    v1[r] = values[r] >>> 16
  }
}

/** Splits words into bytes, low first. */
export function putBytes(values: Uint32Array, bytes: readonly Uint32Array[]): void {
  bytes.forEach((column, j) => {
    for (let r = 0; r < values.length; r++) column[r] = (values[r] >>> (8 * j)) & 255
  })
}

/** The timestamps that the accesses at `slot` find. */
export function putPrev(
  run: Run,
  rows: FamilyRows,
  field: TraceField,
  slot: number,
  column: Uint32Array,
): void {
  const prev = gather(run, rows, field)
  for (let r = 0; r < rows.count; r++) column[r] = foundAt(4 * (rows.cycle[r] + 1) + slot, prev[r])
}

/** The columns that carry the frame of an instruction; absent ones are skipped. */
export interface Frame {
  readonly pc: Uint32Array
  readonly clk: Uint32Array
  readonly en?: Uint32Array
  readonly tp1?: Uint32Array
  readonly tp2?: Uint32Array
  readonly tpm?: Uint32Array
  readonly tp3?: Uint32Array
  readonly p0?: Uint32Array
  readonly p1?: Uint32Array
}

/**
 * Fills pc, clk, en, the timestamps found, the old value of rd, and `fields`, the columns that f1, f2, ... of the
 * ROM go to (undefined for a field that is an expression).
 */
export function putFrame(
  run: Run,
  family: InstructionFamily,
  c: Frame,
  fields: readonly (Uint32Array | undefined)[],
): FamilyRows {
  const rows = familyRows(run, family)
  c.pc.set(gather(run, rows, 'pc'))
  for (let r = 0; r < rows.count; r++) c.clk[r] = rows.cycle[r] + 1
  c.en?.fill(1, 0, rows.count)
  if (c.tp1) putPrev(run, rows, 'rs1Prev', SLOT.rs1, c.tp1)
  if (c.tp2) putPrev(run, rows, 'rs2Prev', SLOT.rs2, c.tp2)
  if (c.tpm) putPrev(run, rows, 'memPrev', SLOT.memory, c.tpm)
  if (c.tp3) putPrev(run, rows, 'rdPrev', SLOT.rd, c.tp3)
  if (c.p0 && c.p1) putLimbs(gather(run, rows, 'rdBefore'), c.p0, c.p1)
  fields.forEach((column, j) => {
    if (column === undefined) return
    const field = run.rom.fields[j]
    for (let r = 0; r < rows.count; r++) column[r] = field[rows.rom[r]]
  })
  return rows
}

/** ROM field j (f1 is 0) for each row. */
export function romField(run: Run, rows: FamilyRows, j: number): Uint32Array {
  const field = run.rom.fields[j]
  return Uint32Array.from(rows.rom, (row) => field[row])
}

/** `rows` of an instruction's chip. */
export const rowsOf =
  (family: InstructionFamily) =>
  (run: Run): number =>
    familyRows(run, family).count
