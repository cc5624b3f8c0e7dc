import type { Program } from './elf.ts'
import type { Code } from './machine.ts'

/** Instructions by pc: `index[(pc >>> 2) - base]` is the entry of `code` + 1, or 0. */
export interface CodeTable {
  readonly code: Code
  readonly base: number
  readonly index: Uint32Array
}

/** Code may lie in several segments; the span between the first and the last instruction is indexed densely. */
export function codeTable(program: Program): CodeTable {
  const { code } = program
  const n = code.length
  const base = n === 0 ? 0 : code[0].pc >>> 2
  const index = new Uint32Array(n === 0 ? 0 : (code[n - 1].pc >>> 2) - base + 1)
  const table = {
    op: new Uint8Array(n),
    rd: new Uint8Array(n),
    rs1: new Uint8Array(n),
    rs2: new Uint8Array(n),
    imm: new Int32Array(n),
  }
  code.forEach(({ pc, op, rd, rs1, rs2, imm }, i) => {
    index[(pc >>> 2) - base] = i + 1
    table.op[i] = op
    table.rd[i] = rd
    table.rs1[i] = rs1
    table.rs2[i] = rs2
    table.imm[i] = imm
  })
  return { code: table, base, index }
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
