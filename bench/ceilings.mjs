// What this machine can do at best, measured where the data lies in the caches: the yardstick of `--phases`.
import { createKernels, qm31 } from '@vouch/stark'
import { shortest } from './statistics.mjs'

const EXTENSION_LOGS = [10, 12, 14, 16, 18, 20]

/**
 * Of one thread: seconds for a QM31 product, for one term of a QM31 combination of M31 columns, for the extension of a
 * trace cell by log2 of the height, and for a byte hashed into leaves or copied from memory to memory.
 */
export async function measureCeilings() {
  const kernels = await createKernels({ kind: 'wasm', threads: 1 })
  try {
    const column = (words) => {
      const pointer = kernels.alloc(words)
      kernels.words(pointer, words).forEach((_, i, all) => (all[i] = (i * 2654435761) % (2 ** 31 - 1)))
      return pointer
    }
    const extension = (logBlowup) =>
      Object.fromEntries(
        EXTENSION_LOGS.map((log) => {
          const mark = kernels.mark()
          const values = column(2 ** log)
          const coefficients = kernels.alloc(2 ** log)
          const extended = kernels.alloc(2 ** (log + logBlowup))
          const seconds = shortest(() => kernels.extendColumn(values, coefficients, extended, log, logBlowup))
          kernels.release(mark)
          return [log, seconds / 2 ** log]
        }),
      )
    const mark = kernels.mark()
    const log = 10
    const from = column(8 * 2 ** log)
    const layer = { numeratorHalf: log - 1, base: false, denominatorHalf: log - 1 }
    const pairs = { ...layer, numerators: from, denominators: from + 16 * 2 ** log }
    const [n, d] = [kernels.alloc(2 * 2 ** log), kernels.alloc(2 * 2 ** log)]
    const to = { numerators: n, denominators: d, planeWords: 2 ** (log - 1) }
    const adding = shortest(() => {
      for (let i = 0; i < 64; i++) kernels.addFractions(pairs, log - 1, to)
    })
    const columns = Array.from({ length: 64 }, () => column(2 ** log))
    const planes = column(4 * 2 ** log)
    const weights = columns.map((_, i) => [i, i + 1, i + 2, i + 3])
    const combining = shortest(() => kernels.accumulate(columns, weights, log, planes))
    const leaves = 12
    const tree = kernels.alloc(16 * 2 ** leaves)
    const rows = Array.from({ length: 248 }, () => column(2 ** leaves))
    const hashing = shortest(() => kernels.merkleTree([{ log: leaves, columns: rows }], tree))
    const words = 2 ** 24
    const [source, target] = [column(words), kernels.alloc(words)]
    const copying = shortest(() => kernels.words(target, words).set(kernels.words(source, words)))
    kernels.release(mark)
    if (qm31.isZero([...kernels.words(n, 4)])) throw new Error('the bench measured nothing')
    return {
      product: adding / (64 * 3 * 2 ** (log - 1)),
      term: combining / (64 * 2 ** log),
      extension: { 1: extension(1), 2: extension(2) },
      hashedByte: hashing / (4 * 248 * 2 ** leaves + 64 * 2 ** leaves),
      copiedByte: copying / (4 * words),
    }
  } finally {
    kernels.close?.()
  }
}

/** Seconds to extend a column of 2^log rows; between the measured heights the next larger one counts. */
export const extensionSeconds = (ceilings, logBlowup, log) => {
  const table = ceilings.extension[logBlowup]
  const known = EXTENSION_LOGS.find((l) => l >= log) ?? EXTENSION_LOGS.at(-1)
  return table[known] * 2 ** log
}
