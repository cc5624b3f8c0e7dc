import { chooseTables, logHeightFor, riscvAir } from '@vouch/machine'
import type { Run } from '@vouch/machine'
import type { Chip, Kernels, Pointer, PreprocessedTree } from '@vouch/stark'

/** The main columns of the chips of a run, in natural order in the kernels' memory; undefined for an absent chip. */
export type FilledChips = readonly (
  { readonly logHeight: number; readonly main: readonly Pointer[] } | undefined
)[]

/** log2 of the height that holds `rows` rows. */
export const logHeightOf = (chip: Chip<Run>, rows: number): number =>
  chip.fixedLogHeight ?? logHeightFor(rows)

/** Chips that answer look-ups are filled last, from the counts over all others. */
export const isTable = (chip: Chip<Run>): boolean =>
  chip.messages.some((m) => m.sign === 1 && m.bus.table !== undefined)

/**
 * Fills the columns of every chip. Look-ups are counted by the kernels from the chips' own messages, so that no table
 * can be forgotten in a second place. `step` is awaited between chips.
 */
export async function fillChips(
  kernels: Kernels,
  run: Run,
  publics: readonly number[],
  image: PreprocessedTree,
  step: () => Promise<void>,
): Promise<FilledChips> {
  const { chips } = riscvAir
  const filled = chips.map((chip) => (isTable(chip) ? undefined : allocate(kernels, chip, run)))
  const counts = Object.entries(run.counts).map(([bus, host]: [string, Uint32Array]) => ({
    bus,
    host,
    pointer: kernels.alloc(Math.max(1, host.length)),
    base: bus === 'Rom' ? run.rom.base : 0,
  }))
  const countsOf = (bus: string): { pointer: Pointer; slots: number; base: number } | undefined => {
    const found = counts.find((c) => c.bus === bus)
    return found === undefined
      ? undefined
      : { pointer: found.pointer, slots: found.host.length, base: found.base }
  }
  for (const [i, chip] of chips.entries()) {
    const columns = filled[i]
    if (columns === undefined) continue
    fillOne(kernels, chip, run, columns)
    kernels.chip(chip as Chip<never>).count(
      { main: columns.main, preprocessed: (image.byChip[chip.name] ?? []).map((c) => c.natural), publics },
      // Padding rows count too: the constraints make no difference between rows.
      2 ** columns.logHeight,
      countsOf,
    )
    await step()
  }
  for (const { host, pointer } of counts) host.set(kernels.words(pointer, host.length))
  chooseTables(run)
  for (const [i, chip] of chips.entries()) {
    if (!isTable(chip)) continue
    const columns = allocate(kernels, chip, run)
    if (columns === undefined) continue
    fillOne(kernels, chip, run, columns)
    filled[i] = columns
    await step()
  }
  return filled
}

function allocate(kernels: Kernels, chip: Chip<Run>, run: Run): FilledChips[number] {
  const rows = chip.rows(run)
  if (rows === 0) return undefined
  const logHeight = logHeightOf(chip, rows)
  return { logHeight, main: chip.columns.map(() => kernels.alloc(2 ** logHeight)) }
}

function fillOne(
  kernels: Kernels,
  chip: Chip<Run>,
  run: Run,
  columns: NonNullable<FilledChips[number]>,
): void {
  const height = 2 ** columns.logHeight
  chip.fill(
    columns.main.map((pointer) => kernels.words(pointer, height)),
    run,
    height,
  )
}
