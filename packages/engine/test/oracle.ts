/** RV32IM again, from the unprivileged manual, on unbounded integers: shares nothing with the engine. */
const WORD = 1n << 32n

const unsigned = (x: bigint): bigint => ((x % WORD) + WORD) % WORD
const signed = (x: bigint): bigint => BigInt.asIntN(32, x)
const bit = (b: boolean): bigint => (b ? 1n : 0n)
const truncated = (x: bigint, y: bigint): bigint => x / y

/** Of rs1 and rs2, or rs1 and the immediate: chapters 2.4 and 12. */
const COMPUTE: Readonly<Record<string, (x: bigint, y: bigint) => bigint>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  sll: (x, y) => x * 2n ** (unsigned(y) % 32n),
  slt: (x, y) => bit(signed(x) < signed(y)),
  sltu: (x, y) => bit(unsigned(x) < unsigned(y)),
  xor: (x, y) => unsigned(x) ^ unsigned(y),
  srl: (x, y) => unsigned(x) / 2n ** (unsigned(y) % 32n),
  sra: (x, y) => signed(x) >> (unsigned(y) % 32n),
  or: (x, y) => unsigned(x) | unsigned(y),
  and: (x, y) => unsigned(x) & unsigned(y),
  mul: (x, y) => signed(x) * signed(y),
  mulh: (x, y) => (signed(x) * signed(y)) >> 32n,
  mulhsu: (x, y) => (signed(x) * unsigned(y)) >> 32n,
  mulhu: (x, y) => (unsigned(x) * unsigned(y)) >> 32n,
  div: (x, y) => (unsigned(y) === 0n ? -1n : truncated(signed(x), signed(y))),
  divu: (x, y) => (unsigned(y) === 0n ? WORD - 1n : truncated(unsigned(x), unsigned(y))),
  rem: (x, y) => (unsigned(y) === 0n ? x : signed(x) - signed(y) * truncated(signed(x), signed(y))),
  remu: (x, y) => (unsigned(y) === 0n ? x : unsigned(x) % unsigned(y)),
}
const TAKEN: Readonly<Record<string, (x: bigint, y: bigint) => boolean>> = {
  beq: (x, y) => unsigned(x) === unsigned(y),
  bne: (x, y) => unsigned(x) !== unsigned(y),
  blt: (x, y) => signed(x) < signed(y),
  bge: (x, y) => signed(x) >= signed(y),
  bltu: (x, y) => unsigned(x) < unsigned(y),
  bgeu: (x, y) => unsigned(x) >= unsigned(y),
}
const WIDTH: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4 }

export interface State {
  readonly pc: number
  readonly x: number
  readonly y: number
  readonly imm: number
  readonly byteAt: (address: number) => number
}

export interface Effect {
  readonly rd?: number
  readonly next?: number
  readonly bytes?: readonly (readonly [address: number, byte: number])[]
}

const number = (x: bigint): number => Number(unsigned(x))

/** What an instruction that does not trap does; `next` is absent where it is pc + 4. */
export function oracle(name: string, { pc, x, y, imm, byteAt }: State): Effect {
  const [X, Y, I, PC] = [BigInt(x), BigInt(y), BigInt(imm), BigInt(pc)]
  if (name in COMPUTE) return { rd: number(COMPUTE[name](X, Y)) }
  const base = name === 'sltiu' ? 'sltu' : name.replace(/i$/, '')
  if (base in COMPUTE) return { rd: number(COMPUTE[base](X, I)) }
  if (name in TAKEN) return TAKEN[name](X, Y) ? { next: number(PC + I) } : {}
  switch (name) {
    case 'lui':
      return { rd: number(I) }
    case 'auipc':
      return { rd: number(PC + I) }
    case 'jal':
      return { rd: number(PC + 4n), next: number(PC + I) }
    case 'jalr':
      return { rd: number(PC + 4n), next: number((unsigned(X + I) / 2n) * 2n) }
    case 'fence':
      return { rd: 0 }
  }
  const address = number(X + I)
  const width = WIDTH[name[1]]
  const lanes = Array.from({ length: width }, (_, i) => i)
  if (name.startsWith('s'))
    return { bytes: lanes.map((i) => [address + i, Number((unsigned(Y) >> BigInt(8 * i)) & 255n)] as const) }
  const value = lanes.reduce((v, i) => v + (BigInt(byteAt(address + i)) << BigInt(8 * i)), 0n)
  return { rd: number(name.endsWith('u') ? value : BigInt.asIntN(8 * width, value)) }
}
