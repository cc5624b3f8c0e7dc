import { ISA, JOURNAL_CURSOR, PUBLIC_CURSOR, encode } from '@vouch/engine'
import type { Host, Program } from '@vouch/engine'
import { ECALL, auditedCall, bytesAt, programOf, random } from './support.ts'

/**
 * Direct and audited calls over unaligned ranges, from registers and the cycle: the widest records a host can make.
 * Audited calls also read and write any registers, skip an instruction, and write a page whole.
 */
export const calling: Host = {
  ecall(guest) {
    const [number, a0, a1, a2] = [17, 10, 11, 12].map((slot) => guest.reg(slot))
    if (number === 93) return { kind: 'exit', code: a0 }
    const address = 0x30000 + (a1 % 64)
    const length = a2 % 20
    const bytes = Uint8Array.from({ length }, (_, i) => a0 + i)
    const below = random(guest.clk * 7919)
    switch (number % 4) {
      case 0:
        return {
          kind: 'direct',
          result: length,
          copy: { address, bytes, write: true },
          cursor: PUBLIC_CURSOR,
        }
      case 1: {
        const copy = { address, bytes: bytesAt(guest, address, length), write: false }
        return { kind: 'direct', result: length, copy, cursor: JOURNAL_CURSOR }
      }
      case 2: {
        const registersRead = [0, 5, 32, JOURNAL_CURSOR].filter(() => below(2) === 0)
        const writes = [{ address: 0x30ff0 + below(16), bytes: bytes.slice(0, 3 + below(17)) }]
        const reads = [
          [0x30000 + below(8), below(9)],
          [0x30010 + below(30), below(70)],
        ] as const
        const nextPc = guest.pc + 4 + 4 * below(2)
        return auditedCall(guest, {
          result: a1 + below(9),
          charge: below(99),
          registersRead,
          reads,
          writes,
          nextPc,
        })
      }
      default: {
        const base = 0x30000 + 4096 * below(2)
        const page = Uint8Array.from({ length: 4096 }, (_, i) => (i < 64 ? i * number : 0))
        const hidden = [{ address: base + 5, length: 30 }]
        const written = [5, 7, PUBLIC_CURSOR].map((slot) => [slot, below(2 ** 31)] as const)
        const writes = [{ address: base, bytes: page, hidden }]
        return auditedCall(guest, { writes, registersWritten: written, reads: [[base + 2, 3]] })
      }
    }
  },
}

/**
 * Code over a few registers and words, with ecalls, forward branches and jumps, `rounds` times; exits. `indirect`: some
 * jumps go where a register says, which may be an old value: backwards, and into the middle of what was jumped over.
 */
export function randomProgram(seed: number, length: number, rounds = 1, indirect = false): Program {
  const below = random(seed)
  const words: number[] = [encode('lui', { rd: 3, imm: 0x30000 }), encode('addi', { rd: 8, imm: rounds })]
  if (indirect) words.push(encode('auipc', { rd: 9 }), encode('addi', { rd: 9, rs1: 9, imm: 8 }))
  const start = words.length
  const names = ISA.filter(({ format }) => format !== 'system' && format !== 'J').map((row) => row.name)
  const register = (): number => [0, 5, 6, 7, 10, 11, 12, 17][below(8)]
  for (let i = 0; i < length; i++) {
    const name = names[below(names.length)]
    const format = ISA.find((row) => row.name === name)?.format
    const width = { b: 1, h: 2, w: 4 }[name[1]] ?? 1
    const rd = register()
    if (name === 'jalr' && indirect && below(2) === 0) {
      if (below(3) > 0) words.push(encode('auipc', { rd: 9 }))
      words.push(encode(name, { rd, rs1: 9, imm: 8 + 4 * below(3) }))
    } else if (name === 'jalr') {
      words.push(encode('jal', { rd, imm: 4 + 4 * below(2) }))
    } else if (format === 'S' || (format === 'I' && /^l[bhw]u?$/.test(name))) {
      words.push(encode(name, { rd, rs1: 3, rs2: register(), imm: width * below(64 / width) }))
    } else if (format === 'B') {
      words.push(encode(name, { rs1: register(), rs2: register(), imm: 4 + 4 * below(2) }))
    } else if (format === 'U') words.push(encode(name, { rd, imm: (4096 * below(1 << 20)) | 0 }))
    else if (format === 'fence') words.push(encode(name, {}))
    else words.push(encode(name, { rd, rs1: register(), rs2: register(), imm: below(32) }))
    if (below(12) === 0) words.push(encode('addi', { rd: 17, imm: below(8) }), ECALL)
  }
  words.push(encode('addi', {}), encode('addi', {}), encode('addi', { rd: 8, rs1: 8, imm: -1 }))
  words.push(encode('bne', { rs1: 8, imm: 4 * (start - words.length) }))
  words.push(encode('addi', {}), encode('addi', { rd: 17, imm: 93 }), ECALL)
  return programOf(words)
}
