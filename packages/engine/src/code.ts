import type { CodeEntry, Program } from './elf.ts'
import { NO_INSTRUCTION } from './machine.ts'
import type { Code } from './machine.ts'

/** Code may lie in several segments; the span between the first and the last instruction is indexed densely. */
export function codeTable({ code }: Program): Code {
  const n = code.length
  const base = n === 0 ? 0 : code[0].pc
  const table = new Int32Array(n === 0 ? 0 : (code[n - 1].pc - base) / 2 + 2).fill(NO_INSTRUCTION)
  for (const { pc, op, rd, rs1, rs2, imm } of code) {
    const at = (pc - base) / 2
    table[at] = op | (rd << 8) | (rs1 << 14) | (rs2 << 20)
    table[at + 1] = imm
  }
  return { base, table }
}

/** Why there is no instruction at pc. */
export function fetchFault(
  program: Program,
  pc: number,
): 'misaligned-fetch' | 'illegal-instruction' | 'fetch-outside-code' {
  if ((pc & 3) !== 0) return 'misaligned-fetch'
  const inside = program.segments.some(
    (s) => s.executable && pc >= s.address && pc + 4 <= s.address + s.fileSize,
  )
  return inside ? 'illegal-instruction' : 'fetch-outside-code'
}

/** The instruction at pc, if there is one. */
export const codeEntryAt = (program: Program, pc: number): CodeEntry | undefined =>
  program.code.find((entry) => entry.pc === pc)
