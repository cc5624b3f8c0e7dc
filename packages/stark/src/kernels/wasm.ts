import type { Chip } from '../air/chip.ts'
import { createArena } from './arena.ts'
import { wasmChip } from './chip-wasm.ts'
import { moduleBuilder } from './emit.ts'
import type { ChipKernels, Kernels } from './kernels.ts'
import { emitBlake3 } from './wasm-blake3.ts'
import { emitBlocks } from './wasm-blocks.ts'
import { combining } from './wasm-combine.ts'
import { emitFft } from './wasm-fft.ts'
import { emitField } from './wasm-field.ts'
import { emitFolds } from './wasm-folds.ts'
import { emitFractions } from './wasm-fractions.ts'
import { fractionTree } from './wasm-gkr.ts'
import { hashing } from './wasm-hashing.ts'
import { RESERVED_BYTES } from './wasm-layout.ts'
import { emitLinear } from './wasm-linear.ts'
import { quotients } from './wasm-quotients.ts'
import { emitRounds } from './wasm-rounds.ts'
import { emitSums } from './wasm-sums.ts'
import { twiddleTables } from './wasm-tables.ts'
import { transforms } from './wasm-transforms.ts'
import { instantiateAsync } from './webassembly.ts'

/** The module of all kernels but the chips'. */
function kernelModule(): Uint8Array<ArrayBuffer> {
  const m = moduleBuilder()
  emitField(m)
  emitFft(m)
  emitBlake3(m)
  emitLinear(m)
  emitFolds(m)
  const blocks = emitBlocks(m)
  emitFractions(m, blocks)
  emitRounds(m, blocks)
  emitSums(m)
  return m.bytes()
}

/** The kernels in WebAssembly with 128-bit SIMD. */
export async function wasmKernels(maxWords?: number): Promise<Kernels> {
  const arena = createArena(RESERVED_BYTES, maxWords)
  const functions = await instantiateAsync(kernelModule(), arena.memory)
  const tables = twiddleTables(arena.memory, functions)
  const fft = transforms(arena, functions, tables)
  const chips = new Map<Chip<never>, ChipKernels>()
  const kernels: Kernels = {
    name: 'wasm',
    usage: arena.usage,
    alloc: arena.alloc,
    allocUninitialized: arena.allocUninitialized,
    mark: arena.mark,
    release: arena.release,
    words: arena.words,
    ...fft,
    ...hashing(arena, functions),
    ...combining(arena, functions),
    ...quotients(arena, functions, tables, fft),
    ...fractionTree(arena, functions),
    chip(chip) {
      let compiled = chips.get(chip)
      if (compiled === undefined) {
        compiled = wasmChip(chip, kernels, arena.memory)
        chips.set(chip, compiled)
      }
      return compiled
    },
  }
  return kernels
}
