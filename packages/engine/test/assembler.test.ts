import { describe, expect, it } from 'vitest'
import { ISA, decode, parseElf } from '@vouch/engine'
import { REGISTERS, assemble, assembleElf } from '@vouch/engine/assembler'

const words = (source: string): number[] => {
  const { text } = assemble(source)
  const view = new DataView(text.buffer)
  return Array.from({ length: text.length / 4 }, (_, i) => view.getUint32(4 * i, true))
}

describe('the assembler', () => {
  it('knows every instruction of the table', () => {
    const operands: Readonly<Record<string, string>> = {
      R: 'x5, x6, x7',
      shift: 'x5, x6, 3',
      B: 'x6, x7, 8',
      U: 'x5, 1',
      J: 'x5, 8',
      fence: '',
      system: '',
      S: 'x7, 12(x6)',
      I: 'x5, x6, 12',
    }
    for (const { name, format } of ISA) {
      const isLoad = /^l[bhw]u?$/.test(name)
      const [word] = words(`${name} ${isLoad ? 'x5, 12(x6)' : operands[format]}`)
      const want: Readonly<Record<string, object>> = {
        R: { rd: 5, rs1: 6, rs2: 7 },
        shift: { rd: 5, rs1: 6, imm: 3 },
        B: { rs1: 6, rs2: 7, imm: 8 },
        U: { rd: 5, imm: 4096 },
        J: { rd: 5, imm: 8 },
        S: { rs1: 6, rs2: 7, imm: 12 },
        I: { rd: 5, rs1: 6, imm: 12 },
      }
      expect(decode(word)).toMatchObject({ name, ...want[format] })
    }
  })

  it('resolves labels both ways and starts at _start', () => {
    const { text, entry, labels } = assemble('a:\n nop\n _start: # here\n j b\n j a\n b:\n ret', 0x1000)
    expect(labels).toEqual({ a: 0x1000, _start: 0x1004, b: 0x100c })
    expect([entry, text.length]).toEqual([0x1004, 16])
    const source = 'a:\n nop\n j b\n j a\n b:\n ret'
    expect(words(source).map((w) => decode(w)?.imm)).toEqual([0, 8, -8, 0])
  })

  it('li gives any 32-bit value', () => {
    for (const n of [0, 1, -1, 2047, 2048, -2048, -2049, 0x7fffffff, 0x80000000, 0xffffffff, 0x12345fff]) {
      const [upper, lower] = words(`li a0, ${n}`).map((w) => decode(w)?.imm ?? 0)
      expect((upper + lower) | 0).toBe(n | 0)
    }
  })

  it('knows registers by both names', () => {
    REGISTERS.forEach((name, i) => expect(words(`mv ${name}, x${i}`)).toEqual(words(`mv x${i}, ${name}`)))
    expect(words('mv fp, a0')).toEqual(words('mv s0, a0'))
  })

  for (const line of [
    'add x5, x6',
    'add x5, x6, x32',
    'nope',
    'addi x5, x6, 5000',
    'j nowhere',
    'lw x5, 4(y)',
    '.word q',
  ])
    it(`refuses '${line}'`, () => expect(() => assemble(line)).toThrow(RangeError))

  it('makes files that parse, with data', () => {
    const data = { address: 0x20002, bytes: Uint8Array.of(1, 2, 3), memorySize: 9 }
    const program = parseElf(assembleElf('_start:\n nop', data))
    expect(program.segments).toEqual([
      { address: 0x10000, fileSize: 4, memorySize: 4, executable: true },
      { address: 0x20002, fileSize: 3, memorySize: 9, executable: false },
    ])
    expect(Array.from(program.wordAddr)).toEqual([0x10000, 0x20000, 0x20004])
    expect(Array.from(program.wordValue)).toEqual([0x13, 0x02010000, 3])
  })
})
