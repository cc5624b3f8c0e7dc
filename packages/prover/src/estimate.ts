import type { Run } from '@vouch/machine'
import { riscvAir } from '@vouch/machine'
import { PROFILES } from '@vouch/stark'
import type { ProfileName } from '@vouch/stark'
import { isTable, logHeightOf } from './columns.ts'

/** What proving a run will need, before it starts. */
export interface MemoryEstimate {
  /** Bytes of the kernels' memory at its fullest. */
  readonly bytes: number
  /** Committed cells: main and interaction. */
  readonly cells: number
  /** log2 of the tallest chip. */
  readonly logHeight: number
}

/** Words of memory that this process may give to a proof: WebAssembly's 4 GiB. */
export const MAX_MEMORY_BYTES = 2 ** 32 - 2 ** 16

/** Estimates from the heights of the chips; tables, not known before they are counted, are taken as dense. */
export function estimateMemory(run: Run, profile: ProfileName): MemoryEstimate {
  const blowup = 2 ** PROFILES[profile].logBlowup
  let cells = 0
  let columnWords = 0
  let sums = 0
  let tallest = 7
  for (const chip of riscvAir.chips) {
    const rows =
      isTable(chip) && chip.name.startsWith('tables')
        ? chip.fixedLogHeight === undefined
          ? 0
          : 2 ** 16
        : chip.rows(run)
    if (rows === 0) continue
    const log = logHeightOf(chip, rows)
    const height = 2 ** log
    const columns = chip.columns.length + 4 * chip.groups.length
    cells += columns * height
    // natural order, coefficients, extended
    columnWords += (columns + (chip.preprocessed?.columns.length ?? 0)) * height * (2 + blowup)
    sums += height
    tallest = Math.max(tallest, log)
  }
  const domain = 2 ** tallest * blowup
  // Digests of main, interaction and composition, with their inner nodes; two trees of preprocessed columns.
  const trees = 3 * 16 * domain + 16 * (2 ** 16 * blowup) * 2
  const composition = 8 * 2 ** tallest * (1 + blowup) + 4 * 2 * 2 ** tallest
  const deep = 4 * domain * 2 + 4 * sums * blowup
  return { bytes: 4 * (columnWords + trees + composition + deep), cells, logHeight: tallest }
}
