import { moduleBuilder } from '@vouch/wasm'
import type { Chip } from '../air/chip.ts'
import { createArena } from './arena.ts'
import type { Arena } from './arena.ts'
import { wasmChip } from './chip-wasm.ts'
import type { ChipKernels, Kernels } from './kernels.ts'
import { createPool, soloPool } from './pool.ts'
import type { PoolOptions, StartThread } from './pool.ts'
import { emitBlake3 } from './wasm-blake3.ts'
import { emitColumns } from './wasm-columns.ts'
import { emitBlocks } from './wasm-blocks.ts'
import { combining } from './wasm-combine.ts'
import { emitFft } from './wasm-fft.ts'
import { emitField } from './wasm-field.ts'
import { emitFolds } from './wasm-folds.ts'
import { emitFractions } from './wasm-fractions.ts'
import { fractionTree } from './wasm-gkr.ts'
import { hashing } from './wasm-hashing.ts'
import { MAX_THREADS, RESERVED_BYTES } from './wasm-layout.ts'
import { emitLinear } from './wasm-linear.ts'
import { quotients } from './wasm-quotients.ts'
import { emitRows } from './wasm-rows.ts'
import { emitRounds } from './wasm-rounds.ts'
import { emitSums } from './wasm-sums.ts'
import { twiddleTables } from './wasm-tables.ts'
import { transforms } from './wasm-transforms.ts'

/** The module of all kernels but the chips'. */
function kernelModule(shared: boolean): Uint8Array<ArrayBuffer> {
  const m = moduleBuilder({ shared })
  const scratch = m.importConstant('scratch')
  const field = emitField(m)
  emitColumns(m, emitFft(m))
  emitBlake3(m, scratch)
  emitRows(m, scratch, { ...field, ...emitLinear(m), ...emitFolds(m, scratch) })
  const blocks = emitBlocks(m)
  emitFractions(m, scratch, blocks)
  emitRounds(m, scratch, blocks)
  emitSums(m)
  return m.bytes()
}

/** How many threads, the caller's included, at most 16; and how to start one. */
export interface Threads {
  readonly count: number
  readonly start: StartThread
}

export interface WasmOptions extends PoolOptions {
  readonly maxWords?: number | undefined
  readonly threads?: Threads | undefined
}

/** A memory that threads share, if this host gives one. */
function sharedArena(maxWords: number | undefined): Arena | undefined {
  try {
    return createArena(RESERVED_BYTES, maxWords, { shared: true })
  } catch {
    return undefined
  }
}

/** The kernels in WebAssembly with 128-bit SIMD. */
export async function wasmKernels({ maxWords, threads, ...options }: WasmOptions = {}): Promise<Kernels> {
  const together = threads !== undefined && threads.count > 1 ? sharedArena(maxWords) : undefined
  const arena = together ?? createArena(RESERVED_BYTES, maxWords)
  const pool =
    threads === undefined || together === undefined
      ? soloPool(arena.memory)
      : createPool(arena.memory, Math.min(threads.count, MAX_THREADS), threads.start, options)
  const functions = await pool.linkAsync(kernelModule(pool.shared))
  const tables = twiddleTables(arena.memory, functions)
  const fft = transforms(arena, functions, pool, tables)
  // Chips of one declaration, which differ in height and rows alone, share their kernels.
  const chips = new Map<
    Chip<never>['messages'],
    { readonly of: Chip<never>; readonly compiled: ChipKernels }
  >()
  const kernels: Kernels = {
    name: 'wasm',
    threads: pool.threads,
    close: pool.close,
    usage: arena.usage,
    alloc: arena.alloc,
    allocUninitialized: arena.allocUninitialized,
    mark: arena.mark,
    release: arena.release,
    words: arena.words,
    ...fft,
    ...hashing(arena, functions, pool),
    ...combining(arena, functions, pool),
    ...quotients(arena, functions, pool, tables, fft),
    ...fractionTree(arena, functions, pool),
    chip(chip) {
      const known = chips.get(chip.messages)
      if (known !== undefined && known.of.constraints === chip.constraints) return known.compiled
      const compiled = wasmChip(chip, kernels, pool)
      chips.set(chip.messages, { of: chip, compiled })
      return compiled
    },
  }
  return kernels
}
