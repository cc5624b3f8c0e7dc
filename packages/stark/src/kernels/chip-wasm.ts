import type { Chip } from '../air/chip.ts'
import { programOf } from '../air/program.ts'
import * as Q from '../field/qm31.ts'
import { countedMessages } from './chip-count.ts'
import { chipModule } from './chip-emit.ts'
import { denominatorForms } from './chip-forms.ts'
import { TARGET_BYTES, chipLayout } from './chip-layout.ts'
import { referenceChip } from './chip-reference.ts'
import type { ChipColumns, ChipKernels, Kernels, Pointer } from './kernels.ts'
import type { PerThread, Pool } from './pool.ts'
import type { WasmFunction } from '@vouch/wasm'

/** Rows a call: V8 swaps in the optimised code of a function only between calls. */
const CHUNK_ROWS = 2048

/** The chip kernels compiled to WebAssembly, over the memory of `kernels`. Compiles at once. */
export function wasmChip(chip: Chip<never>, kernels: Kernels, pool: Pool): ChipKernels {
  const program = programOf(chip)
  const forms = denominatorForms(chip, program)
  const used = program.steps.flatMap((s) => (s.kind === 'public' ? [s.index + 1] : []))
  const layout = chipLayout(chip, forms, Math.max(0, ...used))
  const run = pool.link(chipModule({ chip, program, forms, layout }, pool.shared))
  const reference = referenceChip(chip, kernels)
  const counted = countedMessages({ chip })

  /** Runs `body` with a fresh argument block that holds what every kernel needs, and room for one a thread. */
  const withArguments = <T>(columns: ChipColumns, rows: number, body: (args: Arguments) => T): T => {
    const mark = kernels.mark()
    try {
      const words = Math.ceil(layout.bytes / 16) * 4
      const pointer = kernels.alloc(words * pool.threads)
      const args: Arguments = {
        pointer,
        perThread() {
          const blocks = kernels.words(pointer, words * pool.threads)
          for (let t = 1; t < pool.threads; t++) blocks.copyWithin(t * words, 0, words)
          return { pointer, stride: 4 * words }
        },
        set(at, values) {
          kernels.words(pointer + at, values.length).set(values)
        },
        get: (at, length) => kernels.words(pointer + at, length),
      }
      args.set(layout.main, columns.main)
      args.set(layout.preprocessed, columns.preprocessed)
      args.set(layout.publics, columns.publics.slice(0, Math.max(0, ...used)))
      args.set(layout.lastRow, [4 * (rows - 1)])
      return body(args)
    } finally {
      kernels.release(mark)
    }
  }
  return {
    count(columns, rows, counts) {
      if (rows % 4 !== 0) return reference.count(columns, rows, counts)
      withArguments(columns, rows, (args) => {
        counted.forEach((i, k) => {
          const into = counts(chip.messages[i].bus.name)
          args.set(layout.counts + 12 * k, [into?.pointer ?? 0, into?.slots ?? 0, into?.base ?? 0])
        })
        const offence = inChunks(run.count, args.pointer, 0, rows)
        // Which message and row it was is the reference's to say: it stops at the same rows.
        if (offence !== undefined) failingRow(reference, kernels, columns, rows, counts)
      })
    },

    fractions(columns, log, z, alpha, targets) {
      if (log < 2) return reference.fractions(columns, log, z, alpha, targets)
      withArguments(columns, 2 ** log, (args) => {
        forms.forEach((form, i) => {
          const { constant, weights } = form.weigh(z, alpha, columns.publics)
          args.set(
            layout.constants[i],
            constant.flatMap((limb) => [limb, 0]),
          )
          args.set(layout.atoms[i], weights.flat())
        })
        targets.forEach(({ numerators, denominators, planeWords }, i) => {
          const limbs = [0, 1, 2, 3].map((l) => denominators + 4 * l * planeWords)
          args.set(layout.targets + TARGET_BYTES * i, [numerators, ...limbs])
        })
        const block = args.perThread()
        pool.ranges(run.fractions, 0, 2 ** log, CHUNK_ROWS, (a, b) => [block, 4 * a, 4 * b])
      })
    },

    constraints(columns, log, weights, inverseVanishing, planes) {
      if (log < 2) return reference.constraints(columns, log, weights, inverseVanishing, planes)
      if (weights.length === 0) return
      const height = 2 ** log
      withArguments(columns, height, (args) => {
        args.set(
          layout.planes,
          [0, 1, 2, 3].map((l) => planes + 8 * l * height),
        )
        args.set(layout.prev, [columns.prev])
        args.set(layout.first, [columns.first])
        inverseVanishing.forEach((inverse, half) => {
          args.set(
            layout.weights,
            weights.flatMap((w) => Q.mulBase(w, inverse)),
          )
          const block = args.perThread()
          pool.ranges(run.constraints, half * height, (half + 1) * height, CHUNK_ROWS, (a, b) => [
            block,
            4 * a,
            4 * b,
          ])
        })
      })
    },
  }
}

interface Arguments {
  readonly pointer: Pointer
  /** The block as it is, for each thread: they write to it. */
  perThread(): PerThread
  set(at: number, values: readonly number[]): void
  get(at: number, length: number): Uint32Array
}

/** Runs a row kernel over [from, to) and gives the row at which it stopped, if it did. */
function inChunks(kernel: WasmFunction, args: Pointer, from: number, to: number): number | undefined {
  for (let row = from; row < to; row += CHUNK_ROWS) {
    const stopped = kernel(args, 4 * row, 4 * Math.min(row + CHUNK_ROWS, to))
    if (stopped !== undefined && stopped !== -1) return (stopped >>> 0) / 4
  }
  return undefined
}

/** Throws the RangeError of the first look-up out of range. Adds up into counts of its own. */
function failingRow(
  reference: ChipKernels,
  kernels: Kernels,
  columns: ChipColumns,
  rows: number,
  counts: Parameters<ChipKernels['count']>[2],
): never {
  const copies = new Map<string, { pointer: Pointer; slots: number; base: number } | undefined>()
  reference.count(columns, rows, (bus) => {
    const into = counts(bus)
    if (into !== undefined && !copies.has(bus))
      copies.set(bus, { ...into, pointer: kernels.alloc(Math.max(1, into.slots)) })
    return copies.get(bus)
  })
  throw new RangeError('a look-up is out of range')
}
