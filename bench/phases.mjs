// What each phase of a proof has to do, in the units of ceilings.mjs: see docs/PERFORMANCE.md for the model.
import { riscvAir } from '@vouch/machine'
import { PROFILES } from '@vouch/stark'
import { extensionSeconds } from './ceilings.mjs'

/** Products for each leaf of the fraction trees: sums of the layers; and rounds and bindings. */
const SUM_PRODUCTS = 2.2
const SUMCHECK_PRODUCTS = 9
/** Terms of a leaf's denominator: columns of a tuple, those shared with the message before left out. */
const DENOMINATOR_TERMS = 2.5

/** Seconds that one thread needs at best, and bytes that must go through memory, by phase. */
export function phaseModel(report, profile, ceilings) {
  const { logBlowup } = PROFILES[profile]
  const blowup = 2 ** logBlowup
  const chips = report.chips.map(({ name, height }) => {
    const chip = riscvAir.chips.find((c) => c.name === name)
    return { ...chip, height, log: Math.log2(height) }
  })
  const sum = (of) => chips.reduce((total, c) => total + of(c), 0)
  const heights = [...new Set(chips.map((c) => c.log))]
  const n = Math.max(...heights)
  const sumCells = 8 * heights.reduce((s, log) => s + 2 ** log, 0)
  const cells = sum((c) => c.columns.length * c.height)
  const leaves = sum((c) => c.messages.length * c.height)
  const extend = (columns, log) => columns * extensionSeconds(ceilings, logBlowup, log)
  const hashed = (bytes, log) => (bytes + 96 * blowup * 2 ** log) * ceilings.hashedByte
  const extended = 4 * blowup * (cells + sumCells)
  return {
    fill: { seconds: 8 * cells * ceilings.copiedByte, bytes: 8 * cells },
    main: {
      seconds: sum((c) => extend(c.columns.length, c.log)) + hashed(4 * blowup * cells, n),
      bytes: (8 + 8 * blowup) * cells,
    },
    fractions: {
      seconds: leaves * (DENOMINATOR_TERMS * ceilings.term + SUM_PRODUCTS * ceilings.product),
      bytes: leaves * (4 + 20 + 20 + 64),
    },
    gkr: { seconds: leaves * SUMCHECK_PRODUCTS * ceilings.product, bytes: leaves * (104 + 2 * 64) },
    sums: {
      seconds:
        cells * ceilings.term +
        heights.reduce((s, log) => s + extend(8, log), 0) +
        hashed(4 * blowup * sumCells, n),
      bytes: 4 * cells + (8 + 8 * blowup) * sumCells,
    },
    composition: {
      seconds:
        2 * sum((c) => c.constraints.length * c.height) * ceilings.term +
        extend(16, n) +
        hashed(32 * blowup * 2 ** n, n),
      bytes: 8 * (cells + sumCells) + 16 * blowup * 8 * 2 ** n,
    },
    sampling: { seconds: (cells + sumCells) * ceilings.term, bytes: 4 * (cells + sumCells) },
    deep: { seconds: blowup * (cells + sumCells) * ceilings.term, bytes: extended },
  }
}
