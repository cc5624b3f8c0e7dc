import type { QM31 } from '../field/qm31.ts'
import type { Kernels, FractionTarget, Pointer } from '../kernels/kernels.ts'
import type { Layout, PlacedChip } from '../layout.ts'
import type { Pacer } from '../progress.ts'
import type { Leaves } from './gkr-prove.ts'

/** Writes the fractions of all messages to the leaves of their trees. `columnsOf`: main, then preprocessed. */
export async function fractionLeaves(
  kernels: Kernels,
  { chips, forest }: Layout,
  publics: readonly number[],
  columnsOf: (placed: PlacedChip) => readonly Pointer[],
  { z, alpha }: { readonly z: QM31; readonly alpha: QM31 },
  pace: Pacer,
): Promise<Leaves[]> {
  const targets: FractionTarget[][] = chips.map(() => [])
  const leaves = forest.map(({ log, blocks }) => {
    const words = 2 ** log
    const numerators = kernels.allocUninitialized(words)
    const denominators = kernels.allocUninitialized(4 * words)
    for (const { chip, message, offset } of blocks)
      targets[chip][message] = {
        numerators: numerators + 4 * offset,
        denominators: denominators + 4 * offset,
        planeWords: words,
      }
    const used = blocks.reduce((sum, b) => sum + 2 ** b.log, 0)
    const rest = words - used
    kernels.words(numerators + 4 * used, rest).fill(0)
    for (let limb = 0; limb < 4; limb++)
      kernels.words(denominators + 4 * (limb * words + used), rest).fill(limb === 0 ? 1 : 0)
    return { log, numerators, denominators }
  })
  for (const [i, placed] of chips.entries()) {
    const all = columnsOf(placed)
    const columns = {
      main: all.slice(0, placed.chip.columns.length),
      preprocessed: all.slice(placed.chip.columns.length),
      publics,
    }
    kernels.chip(placed.chip).fractions(columns, placed.log, z, alpha, targets[i])
    await pace.step()
  }
  return leaves
}
