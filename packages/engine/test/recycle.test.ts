import { expect, it } from 'vitest'
import { assembleElf } from '../src/assembler.ts'
import { parseElf } from '../src/elf.ts'
import { recycleChunks } from '../src/port-trace.ts'
import { trace } from '../src/trace.ts'
import type { Host } from '../src/host.ts'

const exits: Host = { ecall: () => ({ kind: 'exit', code: 0 }) }

/** 70,000 cycles, more than a chunk holds: counts down with a store and a load a turn. */
const program = parseElf(
  assembleElf(`
    li s0, 14000
    li s1, 0x100000
  again:
    sw s0, 0(s1)
    lw t0, 0(s1)
    sub t1, t0, s0
    addi s0, s0, -1
    bne s0, zero, again
    li a0, 0
    li a7, 93
    ecall`),
)

it('a trace in recycled chunks is the trace in fresh ones', () => {
  const first = trace(program, exits).trace
  const columns = first.chunks.map((chunk) => structuredClone(chunk))
  recycleChunks(first.chunks)
  const second = trace(program, exits).trace
  expect(second.chunks.some((chunk) => first.chunks.some((old) => old.pc === chunk.pc))).toBe(true)
  expect(second.chunks).toEqual(columns)
  // Of a shorter run nothing of the longer one is left.
  recycleChunks(second.chunks)
  const short = trace(program, exits, { maxCycles: 10 }).trace
  expect(short.chunks[0].rs1Value.slice(10).every((w) => w === 0)).toBe(true)
})
