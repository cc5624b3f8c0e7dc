import { assemble } from '@vouch/engine/assembler'
import type { Cells, Forgery } from './forgery-witness.ts'

/** Instructions of every kind on values that show signs and carries, and a journal that depends on them. */
export const COMPUTE = `
  la s0, 0x20000
  la s1, 0x30000
  li t0, -20
  li t1, 6
sub:
  sub t2, t0, t1
same:
  add t3, t1, t1
and:
  and t4, t0, t1
div:
  div a3, t0, t1
rem:
  rem a4, t0, t1
mul:
  mul a6, t0, t1
mulh:
  mulh a5, t0, t1
slt:
  slt s2, t0, t1
sra:
  sra s3, t0, t1
srai:
  srai s4, t0, 3
addi:
  addi s6, t0, -1
load:
  lw s7, 0(s1)
store:
  sw t2, 0(s0)
reload:
  lw s8, 0(s0)
byte:
  lb s9, 1(s0)
storebyte:
  sb t1, 2(s0)
branch:
  beq t0, t1, 8
  addi s10, zero, 1
less:
  blt t0, t1, 8
  addi s10, s10, 1
jump:
  jal ra, 8
  nop
zero:
  addi zero, t0, 0
  add s11, zero, t1
  sw a3, 4(s0)
  sw a4, 8(s0)
  sw s3, 12(s0)
  li a7, 64
  li a0, 3
  mv a1, s0
  li a2, 16
  ecall
  li a7, 93
  li a0, 0
exit:
  ecall
`
const DATA = { address: 0x30000, bytes: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]) }

/** A word is written, read back, and becomes the exit code. */
export const STALE = `
  la s0, 0x20000
  li t0, 7
store:
  sw t0, 0(s0)
load:
  lw a0, 0(s0)
  li a7, 93
  ecall
`

/** The exit code is 1 but for the last instruction, which the exit call's number does not wait for. */
export const CUT = `
  li a7, 93
  li a0, 1
  nop
cut:
  mv a0, zero
exit:
  ecall
`

/** Public and private input are read and journalled. */
const HOST = `
  la s0, 0x20000
  li a7, 63
  li a0, 4
  mv a1, s0
  li a2, 4
public:
  ecall
  li a0, 0
  addi a1, s0, 9
  li a2, 3
private:
  ecall
  li a7, 64
  li a0, 3
  mv a1, s0
  li a2, 13
journal:
  ecall
  li a7, 93
  li a0, 0
  ecall
`
export const INPUT = {
  publicInput: new Uint8Array([9, 8, 7, 6, 5, 4]),
  privateInput: new Uint8Array([1, 2, 3, 4]),
}

export const compute: Forgery = { source: COMPUTE, data: DATA }
export const stale: Forgery = { source: STALE }
export const cut: Forgery = { source: CUT }
export const host: Forgery = { source: HOST, ...INPUT }

/** The honest programs: what a forgery is when nothing is falsified. */
export const HONEST: readonly Forgery[] = [compute, stale, cut, host]

export const pcOf = (source: string, label: string): number => assemble(source).labels[label]

/** `source` with another instruction at the label. */
export function exchanged(source: string, label: string, line: string): string {
  const lines = source.split('\n')
  const at = lines.indexOf(`${label}:`)
  return [...lines.slice(0, at + 1), `  ${line}`, ...lines.slice(at + 2)].join('\n')
}

/** The computing program, run with another instruction at the label. */
export const computeWith = (label: string, instead: string): Forgery => ({
  ...compute,
  executed: exchanged(COMPUTE, label, instead),
})

/** A forgery, and what it breaks. */
export interface Fault {
  readonly name: string
  readonly forgery: Forgery
  /** Everything that is broken: see `Forged.broken`. */
  readonly broken: readonly string[]
}

/** The timestamp of rs1 in the first cycle at a label of a program without jumps before it. */
export const timeAt = (source: string, label: string): number =>
  4 * ((pcOf(source, label) - assemble(source).entry) / 4 + 1)

export const atTime = (source: string, label: string) => {
  const ts = timeAt(source, label)
  return (port: { readonly ts: number }): boolean => port.ts === ts
}

/** A fault that writes cells of the honest run's rows. */
export const cells = (
  name: string,
  broken: readonly string[],
  change: (c: Cells) => void,
  base: Forgery = compute,
): Fault => ({ name, forgery: { ...base, cells: change }, broken })
export const rowAt = (c: Cells, chip: string, label: string): number => c.rowAt(chip, pcOf(COMPUTE, label))
