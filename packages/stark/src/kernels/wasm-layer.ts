import type { FunctionBuilder, Global, Local } from '@vouch/wasm'
import { WIDE_PRODUCT_BYTES, operand } from './simd-products.ts'
import type { Operand } from './simd-products.ts'
import { EQ_LOW_LOG } from './kernels.ts'
import { BLOCKS } from './wasm-layout.ts'

/** Argument block of the kernels over one layer of a fraction tree: byte offsets. */
export const LAYER = {
  /** Addresses of four planes each; of the base numerators only the first. */
  numerators: 0,
  denominators: 16,
  eqLow: 32,
  eqHigh: 48,
  out: 64,
  outDenominators: 80,
  lambda: 96,
  challenge: 112,
  /** Bytes from a half to the other, and between the values that are joined. */
  numeratorHalf: 128,
  denominatorHalf: 132,
  outHalf: 136,
  distance: 140,
  /** Bytes of a plane of `eqLow`: BLOCK at most. */
  eqLowBytes: 144,
  bytes: 160,
} as const

/** [address] of a plane's vectors: the address in `slot` of the block, plus `offset`. */
export function planeAt(f: FunctionBuilder, args: Local, slot: number, offset: Local): FunctionBuilder {
  return f.get(args).load('i32.load', slot).get(offset).op('i32.add')
}

/** Bytes of each plane that are worked on at once: those of the lower eq table. */
export const BLOCK = 4 * 2 ** EQ_LOW_LOG
/**
 * The work area, by offsets: copies of a block of n0, n1, d0 and d1, four limbs each, at X = 0, then their differences, then
 * weights or results.
 */
export const WORK = {
  values: 0,
  steps: 16 * BLOCK,
  /** Weights of a round; numerators, then denominators of a layer. */
  other: 32 * BLOCK,
  /** For each of values and steps: parts of a product, two QM31, the sum of a block, that of all; then two QM31. */
  fixed: 40 * BLOCK,
} as const
/** Offsets from `fixed`. */
export const FIXED = {
  parts: 0,
  sums: 96,
  block: 224,
  all: 224 + WIDE_PRODUCT_BYTES,
  bytes: 288 + WIDE_PRODUCT_BYTES,
} as const
/** Lambda and the challenge in all lanes. */
export const LAMBDA = WORK.fixed + 2 * FIXED.bytes
export const CHALLENGE = LAMBDA + 64

/** Pushes the address of a place in the work area. */
export const workAt = (scratch: Global, f: FunctionBuilder, offset: number): FunctionBuilder =>
  f.global(scratch, BLOCKS + offset)

/** n0, n1, d0, d1 of the block that starts at an address. */
export const valuesAt = (address: Local): readonly Operand[] =>
  [0, 1, 2, 3].map((k) => operand(address, 4 * BLOCK * k, BLOCK))

/** Calls `use` for each plane of a layer, with the local that holds its address at `off` and its place among copies. */
export function eachPlane(
  f: FunctionBuilder,
  args: Local,
  off: Local,
  base: boolean,
  use: (address: Local, place: number) => void,
): void {
  const address = f.take('i32')
  for (const [slot, half, count, first] of [
    [LAYER.numerators, LAYER.numeratorHalf, base ? 1 : 4, 0],
    [LAYER.denominators, LAYER.denominatorHalf, 4, 8],
  ] as const)
    for (const k of [0, 1])
      for (let l = 0; l < count; l++) {
        planeAt(f, args, slot + 4 * l, off)
        if (k === 1) f.get(args).load('i32.load', half).op('i32.add')
        f.set(address)
        use(address, BLOCK * (first + 4 * k + l))
      }
  f.give(address)
}
