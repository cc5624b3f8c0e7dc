import { SPARSE_LIMIT, imageLogHeights, riscvAir } from '@vouch/machine'
import type { Image, LoggedCall, Run, Statement } from '@vouch/machine'
import { INITIAL_SP } from '@vouch/engine'
import { PROFILES, estimateProof } from '@vouch/stark'
import type { ProfileName } from '@vouch/stark'
import { machineKey, starkStatement } from '@vouch/verifier'
import { logHeightOf } from './columns.ts'
import { lookups } from './tables.ts'

/** What proving a run will need, before it starts. */
export interface MemoryEstimate {
  /** Bytes of the kernels' memory at its fullest. */
  readonly bytes: number
  /** Committed cells: main columns and sums. */
  readonly cells: number
}

/** WebAssembly's 4 GiB. */
export const MAX_MEMORY_BYTES = 2 ** 32 - 2 ** 16

/** Look-up counts, arguments of kernels, and the preprocessed tree of a small program. */
const FIXED_WORDS = 2 ** 19

/** Estimates from the heights of the chips. Tables are taken as dense unless the run is too short to need them so. */
export function estimateMemory(
  image: Image,
  run: Run,
  statement: Statement,
  calls: readonly LoggedCall[],
  profile: ProfileName,
): MemoryEstimate {
  const most = lookups(run)
  const logHeights = riscvAir.chips.map((chip) => {
    if (chip.name === 'tables-dense') return most < SPARSE_LIMIT ? 0 : chip.fixedLogHeight!
    const rows = chip.name === 'tables-sparse' && most < SPARSE_LIMIT ? most : chip.rows(run)
    return rows === 0 ? 0 : logHeightOf(chip, rows)
  })
  const { logBlowup } = PROFILES[profile]
  const header = {
    profile,
    logBlowup,
    root: new Uint8Array(32),
    logHeights: imageLogHeights(image, riscvAir.minLogHeight),
    entry: image.entry,
    sp: INITIAL_SP,
  }
  const { proverWords, witnessWords, cells } = estimateProof(
    machineKey(profile),
    starkStatement(statement, header, calls),
    logHeights,
  )
  return { bytes: 4 * (proverWords + witnessWords + FIXED_WORDS), cells }
}
