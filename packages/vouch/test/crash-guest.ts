import { assembleElf } from '@vouch/engine/assembler'

export interface Guest {
  readonly elf: Uint8Array
  readonly privateInput: Uint8Array
  readonly publicInput: Uint8Array
}

/** A vector of two buffers, made once: readv and writev take both. */
const vector = (at: number, parts: readonly (readonly [address: number, length: number])[]): string =>
  parts
    .map(
      ([address, length], i) => `
      li t0, ${address}
      li t1, ${length}
      sw t0, ${at + 8 * i}(s1)
      sw t1, ${at + 8 * i + 4}(s1)`,
    )
    .join('')

/**
 * A guest that calls its host all the time, in every way that differs in the files: calls without effects on memory,
 * hidden and shown bytes, the journal, failures, calls that only chips prove, and `work` instructions in between.
 */
export function busyGuest(rounds: number, work: number): Guest {
  const source = `
      li s0, ${rounds}
      li s1, 0x200000
      li s2, 0x10000000
      ${vector(0, [
        [0x210000, 9],
        [0x220003, 7],
      ])}
      ${vector(16, [
        [0x230001, 5],
        [0x240000, 6],
      ])}
      ${vector(32, [
        [0x230001, 3],
        [0x250000, 8],
      ])}
    round:
      li a7, 172
      ecall
      li a0, 1
      li a1, 0x250000
      li a7, 403
      ecall
      li a0, 0
      mv a1, s1
      li a2, 2
      li a7, 65
      ecall
      li a0, 4
      addi a1, s1, 16
      li a2, 2
      li a7, 65
      ecall
      li a0, 3
      addi a1, s1, 32
      li a2, 2
      li a7, 66
      ecall
      addi s2, s2, 16
      mv a0, s2
      li a7, 214
      ecall
      li a0, 1
      li a1, 0x230000
      li a2, 4
      li a7, 64
      ecall
      li a0, 77
      li a1, 0x230000
      li a2, 4
      li a7, 63
      ecall
      li t0, ${Math.max(1, work >> 1)}
    work:
      addi t0, t0, -1
      bne t0, zero, work
      addi s0, s0, -1
      bne s0, zero, round
      li a0, 0
      li a7, 93
      ecall`
  const bytes = (count: number, seed: number): Uint8Array =>
    Uint8Array.from({ length: count }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24)
  return {
    elf: assembleElf(source),
    privateInput: bytes(16 * rounds, 1),
    publicInput: bytes(11 * rounds, 2),
  }
}
