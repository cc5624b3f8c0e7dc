import { imageLogHeights, riscvAir } from '@vouch/machine'
import type { Image, Run, Statement } from '@vouch/machine'
import { INITIAL_SP } from '@vouch/engine'
import { PROFILES, estimateProof } from '@vouch/stark'
import type { ProfileName } from '@vouch/stark'
import { machineKey, starkStatement } from '@vouch/verifier'
import { logHeightOf } from './columns.ts'

/** What proving a run will need, before it starts. */
export interface MemoryEstimate {
  /** Bytes of the kernels' memory at its fullest. */
  readonly bytes: number
  /** Committed cells: main and interaction. */
  readonly cells: number
}

/** WebAssembly's 4 GiB. */
export const MAX_MEMORY_BYTES = 2 ** 32 - 2 ** 16

/** Look-up counts, twiddles and the preprocessed trees of an ordinary program. */
const FIXED_WORDS = 2 ** 22

/** Estimates from the heights of the chips. Tables, not known before they are counted, are taken as dense. */
export function estimateMemory(
  image: Image,
  run: Run,
  statement: Statement,
  profile: ProfileName,
): MemoryEstimate {
  const logHeights = riscvAir.chips.map((chip) => {
    if (chip.name === 'tables-dense') return chip.fixedLogHeight!
    const rows = chip.rows(run)
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
    starkStatement(statement, header),
    logHeights,
  )
  return { bytes: 4 * (proverWords + witnessWords + FIXED_WORDS * 2 ** (logBlowup - 1)), cells }
}
