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

// The loops are functions of their own, over typed arrays alone: the compiler then keeps everything in registers.

function pick(
  source: Uint32Array,
  index: Uint32Array,
  start: number,
  from: number,
  to: number,
  out: Uint32Array,
): void {
  for (let r = from; r < to; r++) out[r] = source[index[r] - start]
}

function pickFound(
  source: Uint32Array,
  cycle: Uint32Array,
  start: number,
  from: number,
  to: number,
  slot: number,
  out: Uint32Array,
): void {
  for (let r = from; r < to; r++) out[r] = foundAt(4 * (cycle[r] + 1) + slot, source[cycle[r] - start])
}

function pickLimbs(
  source: Uint32Array,
  cycle: Uint32Array,
  start: number,
  from: number,
  to: number,
  v0: Uint32Array,
  v1: Uint32Array,
): void {
  for (let r = from; r < to; r++) {
    const value = source[cycle[r] - start]
    v0[r] = value & 0xffff
    v1[r] = value >>> 16
  }
}

function putClk(cycle: Uint32Array, out: Uint32Array): void {
  for (let r = 0; r < cycle.length; r++) out[r] = cycle[r] + 1
}

/** Rows ascend by cycle, so those of one chunk are a range. */
function eachChunk(
  run: Run,
  { count, cycle }: FamilyRows,
  field: TraceField,
  use: (source: Uint32Array, start: number, from: number, to: number) => void,
): void {
  for (let from = 0; from < count;) {
    const chunk = chunkOf(cycle[from])
    const to = firstAtOrAfter(cycle, (chunk + 1) * CHUNK_ROWS, from, count)
    use(run.chunks[chunk][field], chunk * CHUNK_ROWS, from, to)
    from = to
  }
}

function firstAtOrAfter(cycle: Uint32Array, end: number, from: number, to: number): number {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (cycle[middle] < end) low = middle + 1
    else high = middle
  }
  return low
}

/** One field of the trace for each row of a family. */
export function gather(run: Run, rows: FamilyRows, field: TraceField): Uint32Array {
  const out = new Uint32Array(rows.count)
  gatherTo(run, rows, field, out)
  return out
}

function gatherTo(run: Run, rows: FamilyRows, field: TraceField, out: Uint32Array): void {
  eachChunk(run, rows, field, (source, start, from, to) => pick(source, rows.cycle, start, from, to, out))
}

/** One field of the trace for each row of a family, as limbs. */
export function gatherLimbs(
  run: Run,
  rows: FamilyRows,
  field: TraceField,
  v0: Uint32Array,
  v1: Uint32Array,
): void {
  eachChunk(run, rows, field, (source, start, from, to) =>
    pickLimbs(source, rows.cycle, start, from, to, v0, v1),
  )
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
  bytes.forEach((column, j) => putByte(values, 8 * j, column))
}

function putByte(values: Uint32Array, by: number, out: Uint32Array): void {
  for (let r = 0; r < values.length; r++) out[r] = (values[r] >>> by) & 255
}

/** The timestamps that the accesses at `slot` find. */
export function putPrev(
  run: Run,
  rows: FamilyRows,
  field: TraceField,
  slot: number,
  column: Uint32Array,
): void {
  eachChunk(run, rows, field, (source, start, from, to) =>
    pickFound(source, rows.cycle, start, from, to, slot, column),
  )
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
  gatherTo(run, rows, 'pc', c.pc)
  putClk(rows.cycle, c.clk)
  c.en?.fill(1, 0, rows.count)
  if (c.tp1) putPrev(run, rows, 'rs1Prev', SLOT.rs1, c.tp1)
  if (c.tp2) putPrev(run, rows, 'rs2Prev', SLOT.rs2, c.tp2)
  if (c.tpm) putPrev(run, rows, 'memPrev', SLOT.memory, c.tpm)
  if (c.tp3) putPrev(run, rows, 'rdPrev', SLOT.rd, c.tp3)
  if (c.p0 && c.p1) gatherLimbs(run, rows, 'rdBefore', c.p0, c.p1)
  fields.forEach((column, j) => {
    if (column !== undefined) pick(run.rom.fields[j], rows.rom, 0, 0, rows.count, column)
  })
  return rows
}

/** ROM field j (f1 is 0) for each row. */
export function romField(run: Run, rows: FamilyRows, j: number): Uint32Array {
  const out = new Uint32Array(rows.count)
  pick(run.rom.fields[j], rows.rom, 0, 0, rows.count, out)
  return out
}

/** `rows` of an instruction's chip. */
export const rowsOf =
  (family: InstructionFamily) =>
  (run: Run): number =>
    familyRows(run, family).count
