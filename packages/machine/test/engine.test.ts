import { describe, expect, it } from 'vitest'
import { parseElf, trace } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { INSTRUCTIONS } from '../src/index.ts'
import { fillTrace, problem } from './harness.ts'

/** Answers as the machine's ecall chip wants it: exit only. */
const host = { ecall: () => ({ kind: 'exit' as const }) }

const source = `
_start:
  li t0, 0x12345678
  li t1, -7
  add a0, t0, t1
  sub a1, t0, t1
  sll a2, t0, t1
  srl a2, t0, t1
  sra a2, t1, t0
  slt a3, t1, t0
  sltu a3, t1, t0
  and a4, t0, t1
  or a4, t0, t1
  xor a4, t0, t1
  slti a3, t1, -3
  sltiu a3, t1, -3
  andi a4, t0, -16
  ori a4, t0, 15
  xori a4, t0, -1
  slli a4, t0, 20
  srli a4, t0, 16
  srai a4, t1, 3
  slli zero, t0, 0
  mul a5, t0, t1
  mulh a5, t0, t1
  mulhsu a5, t1, t0
  mulhu a5, t0, t1
  div a5, t0, t1
  divu a5, t0, t1
  rem a5, t1, t0
  remu a5, t0, zero
  sw t0, -4(sp)
  sh t1, -6(sp)
  sb t1, -7(sp)
  lw a0, -8(sp)
  lh a0, -6(sp)
  lhu a0, -6(sp)
  lb a0, -7(sp)
  lbu a0, -5(sp)
  fence
  auipc s0, 0
  jalr ra, s0, 8
  beq t0, t1, bad
  bne t0, t1, on
bad:
  ebreak
on:
  bge t0, t1, on1
  ebreak
on1:
  blt t0, t1, bad
  bltu t0, t1, on2
  ebreak
on2:
  bgeu t0, t1, bad
  jal zero, out
  ebreak
out:
  lui a0, 0
  li a7, 93
  ecall
`

describe('with the engine', () => {
  it('proves what the engine ran, all instructions together', () => {
    const program = parseElf(assembleElf(source, { address: 0x20000, bytes: Uint8Array.of(1, 2, 3, 4, 5) }))
    const names = new Set(program.code.map((c) => c.name))
    expect(INSTRUCTIONS.filter((n) => !names.has(n))).toEqual([])
    const { trace: made, halt } = trace(program, host)
    expect(halt.kind).toBe('exit')
    expect(problem(fillTrace(program, made, new Uint8Array(0), new Uint8Array(0)))).toBeUndefined()
  })
})
