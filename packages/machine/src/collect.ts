import { CHUNK_ROWS, EFFECT, JOURNAL_CURSOR, PUBLIC_CURSOR } from '@vouch/engine'
import type { Trace } from '@vouch/engine'
import { RAM_SPACE, REGISTER_SPACE, SLOT, TABLE_SLOTS } from './buses.ts'
import { chipOfEffect, eachEffect, effectLimbs, effectTime } from './effect.ts'
import { ACCESSES, FAMILY, FAMILY_COUNT, USES } from './families.ts'
import { gapList, NEAR } from './gaps.ts'
import type { GapList } from './gaps.ts'
import { memoryRows } from './memory-rows.ts'
import type { RomRows } from './rom-rows.ts'
import { Unprovable } from './run.ts'
import type { FamilyRows, ImageWords, Run } from './run.ts'

const CHUNK_BITS = Math.log2(CHUNK_ROWS)

/**
 * Sorts the cycles of a halted run by family and finds its gaps, in two passes over the trace.
 * `publicLength` is the length of the whole public input, read or not.
 *
 * Throws `Unprovable`.
 */
export function collect(trace: Trace, rom: RomRows, image: ImageWords, publicLength: number): Run {
  const { halt, chunks } = trace
  if (halt === undefined) throw new Unprovable('machine/no-halt', 'the run did not halt by itself')
  chunks.forEach((chunk, i) => {
    if (chunk.firstClk !== i * CHUNK_ROWS + 1 || (i < chunks.length - 1 && chunk.rows !== CHUNK_ROWS))
      throw new Unprovable('machine/trace', `chunk ${i} is not full or not in place`)
  })
  const gaps = gapList()
  const families = sortCycles(trace, rom, gaps)
  for (const e of trace.ecalls) bridgeEcall(e, gaps)
  const effects = bridgeEffects(trace, gaps)
  bridgeHalt(halt, gaps)
  return {
    trace,
    chunks,
    ecalls: trace.ecalls,
    audited: trace.audited,
    halt,
    rom,
    image,
    publicLength,
    families,
    copies: trace.ecalls.reduce((n, e) => n + e.copies.length, 0),
    effects,
    gaps: gaps.rows(),
    memory: memoryRows(trace.memory, image),
    counts: {
      Range16: new Uint32Array(TABLE_SLOTS.Range16),
      Range15: new Uint32Array(TABLE_SLOTS.Range15),
      Bitwise: new Uint32Array(TABLE_SLOTS.Bitwise),
      Rom: new Uint32Array(rom.rowOf.length),
    },
    tables: { kind: undefined, values: new Uint32Array(0) },
  }
}

/** The chunk of a cycle counted from 0. */
export const chunkOf = (cycle: number): number => cycle >>> CHUNK_BITS

function sortCycles(trace: Trace, rom: RomRows, gaps: GapList): FamilyRows[] {
  const { family } = rom
  const total = new Uint32Array(FAMILY_COUNT)
  const romOf = trace.chunks.map(({ pc, rows }) => romRows(pc, rows, rom, total))
  const sorted = Array.from(total, (count) => ({
    count,
    cycle: new Uint32Array(count),
    rom: new Uint32Array(count),
  }))
  const next = new Uint32Array(FAMILY_COUNT)
  trace.chunks.forEach((chunk, c) => {
    const { rows, firstClk, rs1Prev, rs2Prev, memPrev, rdPrev } = chunk
    const row = romOf[c]
    for (let i = 0; i < rows; i++) {
      const f = family[row[i]]
      const at = next[f]++
      sorted[f].cycle[at] = firstClk + i - 1
      sorted[f].rom[at] = row[i]
      const uses = ACCESSES[f]
      const ts = 4 * (firstClk + i)
      const far = ts - NEAR
      if (
        ((uses & USES.rs1) !== 0 && rs1Prev[i] < far) ||
        ((uses & USES.rs2) !== 0 && rs2Prev[i] < far + SLOT.rs2) ||
        ((uses & USES.memory) !== 0 && memPrev[i] < far + SLOT.memory) ||
        ((uses & USES.rd) !== 0 && rdPrev[i] < far + SLOT.rd)
      )
        bridgeCycle(chunk, i, uses, rom, row[i], gaps)
    }
  })
  return sorted
}

/** The ROM row of each cycle of a chunk; counts them by family. */
function romRows(
  pc: Uint32Array,
  rows: number,
  { base, rowOf, family }: RomRows,
  total: Uint32Array,
): Uint32Array {
  const out = new Uint32Array(rows)
  for (let i = 0; i < rows; i++) {
    const row = rowOf[(pc[i] >>> 2) - base]
    if (!(row > 0)) throw new Unprovable('machine/trace', `no instruction at pc ${pc[i]}`)
    out[i] = row - 1
    total[family[row - 1]]++
  }
  return out
}

const bridge = (g: GapList, space: number, addr: number, value: number, prev: number, ts: number): void =>
  g.bridge(space, addr, value & 0xffff, value >>> 16, prev, ts)

function bridgeCycle(
  chunk: Trace['chunks'][number],
  i: number,
  uses: number,
  rom: RomRows,
  row: number,
  gaps: GapList,
): void {
  const ts = 4 * (chunk.firstClk + i)
  const registers = rom.fields.map((f) => f[row])
  // A family without rd has its rs1 and rs2 in the first fields.
  const operands = (uses & USES.rd) === 0 ? registers : registers.slice(1)
  if ((uses & USES.rs1) !== 0)
    bridge(gaps, REGISTER_SPACE, operands[0], chunk.rs1Value[i], chunk.rs1Prev[i], ts + SLOT.rs1)
  if ((uses & USES.rs2) !== 0)
    bridge(gaps, REGISTER_SPACE, operands[1], chunk.rs2Value[i], chunk.rs2Prev[i], ts + SLOT.rs2)
  if ((uses & USES.memory) !== 0)
    bridge(
      gaps,
      RAM_SPACE,
      (chunk.memAddr[i] & ~3) >>> 0,
      chunk.memBefore[i],
      chunk.memPrev[i],
      ts + SLOT.memory,
    )
  if ((uses & USES.rd) !== 0)
    bridge(gaps, REGISTER_SPACE, registers[0], chunk.rdBefore[i], chunk.rdPrev[i], ts + SLOT.rd)
}

function bridgeEcall(e: Trace['ecalls'][number], gaps: GapList): void {
  const ts = 4 * e.clk
  bridge(gaps, REGISTER_SPACE, 17, e.number, e.a7Prev, ts)
  bridge(gaps, REGISTER_SPACE, 11, e.a1, e.a1Prev, ts)
  bridge(gaps, REGISTER_SPACE, 12, e.a2, e.a2Prev, ts)
  bridge(gaps, REGISTER_SPACE, 10, e.a0, e.a0Prev, ts + SLOT.rd)
  if (e.cursor !== 0) gaps.bridge(REGISTER_SPACE, e.cursor, e.cursorBefore, 0, e.cursorPrev, ts + SLOT.rd)
  for (const c of e.copies) bridge(gaps, RAM_SPACE, c.addr, c.before, c.prev, ts + SLOT.memory)
}

/** Notes the gaps of the audited calls, and counts their effects by chip. */
function bridgeEffects(trace: Trace, gaps: GapList): Run['effects'] {
  const { at } = EFFECT
  const effects = { effect: 0, 'effect-hidden': 0, 'effect-bytes': 0 }
  eachEffect(trace, (clk, row, i) => {
    const flags = row[i]
    const addr = row[i + at.address]
    const space = (flags & EFFECT.register) !== 0 ? REGISTER_SPACE : RAM_SPACE
    const [v0, v1] = effectLimbs(flags, addr, row[i + at.before])
    gaps.bridge(space, addr, v0, v1, row[i + at.prev], effectTime(clk, flags))
    effects[chipOfEffect(flags)]++
  })
  return effects
}

function bridgeHalt(h: NonNullable<Trace['halt']>, gaps: GapList): void {
  const ts = 4 * h.clk
  if (h.kind === 'exit') {
    bridge(gaps, REGISTER_SPACE, 17, h.number, h.a7Prev, ts)
    bridge(gaps, REGISTER_SPACE, 10, h.code, h.a0Prev, ts + SLOT.rd)
  }
  gaps.bridge(REGISTER_SPACE, PUBLIC_CURSOR, h.publicCursor, 0, h.publicCursorPrev, ts + SLOT.rd)
  gaps.bridge(REGISTER_SPACE, JOURNAL_CURSOR, h.journalCursor, 0, h.journalCursorPrev, ts + SLOT.rd)
}

/** Rows of a family in this run. */
export const familyRows = (run: Run, family: keyof typeof FAMILY): FamilyRows => run.families[FAMILY[family]]
