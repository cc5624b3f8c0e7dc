import { OP, encode } from './isa.ts'

/** ABI names by register number. */
export const REGISTERS: readonly string[] =
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(
    ' ',
  )

const register = (text: string): number => {
  const x = /^x(\d+)$/.exec(text)
  const i = x === null ? REGISTERS.indexOf(text === 'fp' ? 's0' : text) : Number(x[1])
  if (!(i >= 0 && i < 32)) throw new RangeError(`no register '${text}'`)
  return i
}

export interface Assembly {
  readonly text: Uint8Array
  readonly entry: number
  readonly labels: Readonly<Record<string, number>>
}

/**
 * A small assembler: one instruction, `label:`, or `.word n` a line; `#` comments; `li rd, n` and `la rd, label` (two
 * words each), `mv`, `nop`, `j label`, `ret` beside the table's instructions. Branches and jumps take labels or byte
 * offsets. Loads and stores: `lw a0, 4(sp)`.
 */
export function assemble(source: string, base = 0x10000): Assembly {
  const lines = source
    .split('\n')
    .map((l) => l.replace(/#.*/, '').trim())
    .filter((l) => l !== '')
  const labels: Record<string, number> = {}
  const items: { pc: number; words: (pc: number) => number[] }[] = []
  let pc = base
  for (const line of lines) {
    const label = /^([A-Za-z_.][\w.]*):$/.exec(line)
    if (label !== null) {
      labels[label[1]] = pc
      continue
    }
    const size = /^(li|la)\s/.test(line) ? 8 : 4
    items.push({ pc, words: (at) => wordsOf(line, at, labels) })
    pc += size
  }
  const text = new Uint8Array(pc - base)
  const view = new DataView(text.buffer)
  for (const { pc: at, words } of items)
    words(at).forEach((w, i) => view.setUint32(at - base + 4 * i, w >>> 0, true))
  return { text, entry: labels['_start'] ?? base, labels }
}

function wordsOf(line: string, pc: number, labels: Readonly<Record<string, number>>): number[] {
  const [name, ...rest] = line.split(/[\s,]+/)
  const number = (t: string): number => {
    if (t in labels) return labels[t]
    const n = Number(t)
    if (t === undefined || t === '' || !Number.isInteger(n))
      throw new RangeError(`'${line}': no number or label '${t}'`)
    return n
  }
  const relative = (t: string): number => (t in labels ? labels[t] - pc : number(t))
  if (name === '.word') return [number(rest[0])]
  if (name === 'nop') return [encode('addi', {})]
  if (name === 'mv') return [encode('addi', { rd: register(rest[0]), rs1: register(rest[1]) })]
  if (name === 'j') return [encode('jal', { imm: relative(rest[0]) })]
  if (name === 'ret') return [encode('jalr', { rs1: 1 })]
  if (name === 'li' || name === 'la') {
    const rd = register(rest[0])
    const value = number(rest[1]) | 0
    const low = (value << 20) >> 20
    return [encode('lui', { rd, imm: (value - low) | 0 }), encode('addi', { rd, rs1: rd, imm: low })]
  }
  if (OP[name] === undefined) throw new RangeError(`no instruction '${name}'`)
  const memory = /^\s*(\S+)\s*,\s*(-?\w+)\((\w+)\)$/.exec(line.slice(name.length))
  if (memory !== null) {
    const [, r, offset, base] = memory
    const operands = { rs1: register(base), imm: number(offset) }
    const isStore = name === 'sb' || name === 'sh' || name === 'sw'
    return [encode(name, isStore ? { ...operands, rs2: register(r) } : { ...operands, rd: register(r) })]
  }
  switch (name) {
    case 'ecall':
    case 'ebreak':
    case 'fence':
      return [encode(name, {})]
    case 'lui':
    case 'auipc':
      return [encode(name, { rd: register(rest[0]), imm: number(rest[1]) << 12 })]
    case 'jal':
      return rest.length === 1
        ? [encode(name, { rd: 1, imm: relative(rest[0]) })]
        : [encode(name, { rd: register(rest[0]), imm: relative(rest[1]) })]
  }
  if (/^b(eq|ne|lt|ge|ltu|geu)$/.test(name))
    return [encode(name, { rs1: register(rest[0]), rs2: register(rest[1]), imm: relative(rest[2]) })]
  const third = rest[2]
  const isImmediate = /i$|iu$/.test(name) && name !== 'mulhsu'
  return isImmediate || name === 'jalr'
    ? [encode(name, { rd: register(rest[0]), rs1: register(rest[1]), imm: number(third) })]
    : [encode(name, { rd: register(rest[0]), rs1: register(rest[1]), rs2: register(third) })]
}

/** A minimal static ELF32 file of one RX segment and, with `data`, one RW segment. */
export function buildElf(parts: {
  readonly text: Uint8Array
  readonly entry: number
  readonly textAddress?: number
  readonly data?: { readonly address: number; readonly bytes: Uint8Array; readonly memorySize?: number }
}): Uint8Array {
  const { text, entry, textAddress = 0x10000, data } = parts
  const count = data === undefined ? 1 : 2
  const start = 52 + 32 * count
  const bytes = new Uint8Array(start + text.length + (data?.bytes.length ?? 0))
  const view = new DataView(bytes.buffer)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  const u16 = (at: number, v: number): void => view.setUint16(at, v, true)
  const u32 = (at: number, v: number): void => view.setUint32(at, v, true)
  u16(16, 2)
  u16(18, 243)
  u32(20, 1)
  u32(24, entry)
  u32(28, 52)
  u16(40, 52)
  u16(42, 32)
  u16(44, count)
  const header = (i: number, values: readonly number[]): void =>
    values.forEach((v, j) => u32(52 + 32 * i + 4 * j, v))
  header(0, [1, start, textAddress, textAddress, text.length, text.length, 5, 4])
  bytes.set(text, start)
  if (data !== undefined) {
    const at = start + text.length
    const size = data.memorySize ?? data.bytes.length
    header(1, [1, at, data.address, data.address, data.bytes.length, size, 6, 4])
    bytes.set(data.bytes, at)
  }
  return bytes
}

/** `assemble` and `buildElf` in one. */
export function assembleElf(source: string, data?: Parameters<typeof buildElf>[0]['data']): Uint8Array {
  const { text, entry } = assemble(source)
  return buildElf({ text, entry, ...(data === undefined ? {} : { data }) })
}
