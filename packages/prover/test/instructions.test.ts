import { ISA, REGISTER_SLOTS, parseElf, trace } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import { bridge } from '@vouch/bridge'
import { verify } from '@vouch/verifier'
import { describe, expect, it } from 'vitest'
import { prove } from '../src/index.ts'

const OPERANDS = [0, 1, -1, -(2 ** 31), 2 ** 31 - 1, 0xffff, 0x10000, 0x12345678]
const three = ['add', 'sub', 'sll', 'slt', 'sltu', 'xor', 'srl', 'sra', 'or', 'and']
const product = ['mul', 'mulh', 'mulhsu', 'mulhu', 'div', 'divu', 'rem', 'remu']
const immediate = ['addi', 'slti', 'sltiu', 'xori', 'ori', 'andi']
const shifts = ['slli', 'srli', 'srai']
const branches = ['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu']

const pairs = OPERANDS.flatMap((x) => OPERANDS.map((y) => [x, y] as const))
const load = ([x, y]: readonly [number, number]): string => `li t0, ${x | 0}\nli t1, ${y | 0}`

const registerPrograms = (names: readonly string[]): string =>
  [
    ...pairs.flatMap((p) => [load(p), ...names.map((n) => `${n} t2, t0, t1`)]),
    // rs1 = rs2 = rd, and x0 in every place.
    ...names.flatMap((n) => [
      'li t0, -7',
      `${n} t0, t0, t0`,
      'li t0, -7',
      `${n} zero, t0, t0`,
      `${n} t1, zero, t0`,
      `${n} t1, t0, zero`,
      `${n} zero, zero, zero`,
    ]),
  ].join('\n')

const PROGRAMS: Readonly<Record<string, string>> = {
  'register operations': registerPrograms(three),
  'multiplication and division': registerPrograms(product),
  'immediate operations': [
    ...OPERANDS.flatMap((x) => [
      `li t0, ${x | 0}`,
      ...immediate.flatMap((n) => [0, 1, -1, 2047, -2048].map((i) => `${n} t2, t0, ${i}`)),
    ]),
    ...immediate.map((n) => `${n} zero, zero, -1`),
    'lui t0, 0',
    'lui t0, 0xfffff',
    'lui zero, 1',
    'auipc t0, 0',
    'auipc t0, 0xfffff',
    'fence',
  ].join('\n'),
  'all shift amounts': Array.from({ length: 32 }, (_, i) =>
    [
      `li t1, ${i - 32 * (i % 3)}`,
      ...[-(2 ** 31), 0x12345678, -1].flatMap((x) => [
        `li t0, ${x}`,
        ...shifts.map((n) => `${n} t2, t0, ${i}`),
        ...['sll', 'srl', 'sra'].map((n) => `${n} t2, t0, t1`),
      ]),
    ].join('\n'),
  ).join('\n'),
  'branches and jumps': [
    ...pairs.flatMap((p) => [load(p), ...branches.flatMap((n) => [`${n} t0, t1, 8`, 'addi t3, t3, 1'])]),
    ...branches.flatMap((n) => [`${n} zero, zero, 8`, 'nop', `${n} t0, t0, 8`, 'nop']),
    'jal ra, 8',
    'nop',
    'jal zero, 8',
    'nop',
    'auipc t0, 0',
    'jalr t0, t0, 12',
    'nop',
    'auipc t0, 0',
    'addi t0, t0, 1',
    'jalr zero, t0, 12',
    'nop',
  ].join('\n'),
  'loads and stores in every lane': [
    'la s0, 0x20000',
    'li t0, -2023406815',
    'sw t0, 0(s0)',
    'li t0, 2139062143',
    'sw t0, 4(s0)',
    ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((o) => [`lb t1, ${o}(s0)`, `lbu t1, ${o}(s0)`]),
    ...[0, 2, 4, 6].flatMap((o) => [`lh t1, ${o}(s0)`, `lhu t1, ${o}(s0)`]),
    ...[0, 1, 2, 3].flatMap((o) => [`sb t0, ${o}(s0)`, `lw t2, 0(s0)`]),
    ...[0, 2].flatMap((o) => [`sh t1, ${o}(s0)`, `lw t2, 0(s0)`]),
    'lw zero, 0(s0)',
    'lb zero, 1(s0)',
    'sw zero, 0(s0)',
    'addi s1, zero, -16',
    'addi s1, s1, 2032',
    'sw s1, -2000(s1)',
    'lw s1, -2000(s1)',
    // Read, journal and console, from and to unaligned addresses.
    'li a7, 63',
    'li a0, 0',
    'addi a1, s0, 9',
    'li a2, 7',
    'ecall',
    'li a0, 4',
    'addi a1, s0, 18',
    'li a2, 100',
    'ecall',
    'li a7, 64',
    'li a0, 3',
    'addi a1, s0, 9',
    'li a2, 14',
    'ecall',
    'li a0, 1',
    'ecall',
  ].join('\n'),
}

const privateInput = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8])
const publicInput = new Uint8Array([9, 8, 7, 6, 5])

describe('every instruction is proved on boundary operands', () => {
  const executed = new Set<string>()

  it.each(Object.entries(PROGRAMS))('%s', async (_, body) => {
    const elf = assembleElf(`${body}\nli a7, 93\nli a0, 0\necall`)
    const program = parseElf(elf)
    const byPc = new Map(program.code.map((c) => [c.pc, c.name]))
    const run = trace(program, bridge({ privateInput, publicInput })).trace
    for (const chunk of run.chunks)
      for (const pc of chunk.pc.subarray(0, chunk.rows)) executed.add(byPc.get(pc)!.toLowerCase())
    expect(run.registersFinal.length).toBe(REGISTER_SLOTS)
    const { proof, imageId } = await prove(elf, { profile: 'fast-100', privateInput, publicInput })
    const verdict = await verify(proof, { imageId, publicInput })
    expect(verdict).toMatchObject({ ok: true, cycles: run.cycles, halt: 'exit', exitCode: 0 })
  })

  it('EBREAK as a halt', async () => {
    const elf = assembleElf('li t0, 1\nebreak')
    executed.add('ebreak')
    const { proof, imageId } = await prove(elf, { profile: 'fast-100' })
    expect(await verify(proof, { imageId })).toMatchObject({ ok: false, failure: { code: 'guest/ebreak' } })
    expect(await verify(proof, { imageId, allowFailure: true })).toMatchObject({ ok: true, halt: 'ebreak' })
  })

  it('leaves no instruction of the decode table out', () => {
    expect([...executed].sort()).toEqual(ISA.map((row) => row.name.toLowerCase()).sort())
  })
})
