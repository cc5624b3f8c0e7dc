import { encode, parseElf } from '@vouch/engine'
import type { Host, Program } from '@vouch/engine'
import { assembleElf, buildElf } from '@vouch/engine/assembler'

export const BASE = 0x10000

/** A program of these words at BASE, starting at the first. */
export function programOf(words: readonly number[]): Program {
  const text = new Uint8Array(4 * words.length)
  const view = new DataView(text.buffer)
  words.forEach((w, i) => view.setUint32(4 * i, w >>> 0, true))
  return parseElf(buildElf({ text, entry: BASE }))
}

export const programFrom = (source: string): Program => parseElf(assembleElf(source))

/** Exits on a7 = 93, answers 7 to a7 = 1, traps otherwise. */
export const plainHost: Host = {
  ecall: ({ number, a0 }) =>
    number === 93
      ? { kind: 'exit', code: a0 }
      : number === 1
        ? { kind: 'result', value: 7 }
        : { kind: 'trap', cause: 'unsupported-syscall' },
}

export const ECALL = encode('ecall', {})

/** xorshift32: below `n`. */
export function random(seed: number): (n: number) => number {
  let s = seed | 1
  return (n) => {
    s ^= s << 13
    s ^= s >>> 17
    s ^= s << 5
    return (s >>> 0) % n
  }
}
