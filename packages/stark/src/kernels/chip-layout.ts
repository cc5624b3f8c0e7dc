import type { Chip } from '../air/chip.ts'
import type { Program } from '../air/program.ts'
import type { DenominatorForm } from './chip-forms.ts'

/** Bytes of a message's target: where its numerators go, then the four limbs of its denominators. */
export const TARGET_BYTES = 20

/** Bytes of a plane of leaves that are written at once. */
export const LEAF_BYTES = 1024

/**
 * Byte offsets within a chip's argument block, which holds all that one call of its kernels needs beyond columns:
 * pointers, then words that are splatted over the lanes, then scratch.
 */
export interface ChipLayout {
  readonly main: number
  readonly preprocessed: number
  readonly planes: number
  /** A message each: where its numerators and the four limbs of its denominators go. */
  readonly leaves: number
  readonly prev: number
  readonly first: number
  /** The last natural row, as a byte offset into a column. */
  readonly lastRow: number
  /** A counted look-up each: pointer, slots, base. */
  readonly counts: number
  readonly publics: number
  /** TARGET_BYTES a message. */
  readonly targets: number
  /** A message each: four u64, then four words an atom. */
  readonly constants: readonly number[]
  readonly atoms: readonly number[]
  /** Terms of the linear combination: the constraints, padded with zeros to a multiple of four. */
  readonly terms: number
  /** Four words a term. */
  readonly weights: number
  /** A vector a term. */
  readonly values: number
  /** Five of LEAF_BYTES a message. */
  readonly leafBlocks: number
  readonly bytes: number
}

export function chipLayout(
  chip: Chip<never>,
  forms: readonly DenominatorForm[],
  publics: number,
): ChipLayout {
  let next = 0
  const take = (bytes: number, align = 16): number => {
    const at = Math.ceil(next / align) * align
    next = at + bytes
    return at
  }
  const terms = Math.ceil(chip.constraints.length / 4) * 4
  return {
    main: take(4 * chip.columns.length),
    preprocessed: take(4 * (chip.preprocessed?.columns.length ?? 0), 4),
    planes: take(16, 4),
    leaves: take(20 * chip.messages.length, 4),
    prev: take(4, 4),
    first: take(4, 4),
    lastRow: take(4, 4),
    counts: take(12 * chip.messages.length, 4),
    publics: take(4 * publics, 4),
    targets: take(TARGET_BYTES * chip.messages.length, 4),
    constants: forms.map(() => take(32)),
    atoms: forms.map((form) => take(16 * form.atoms.length)),
    terms,
    weights: take(16 * terms),
    values: take(16 * terms),
    leafBlocks: take(5 * LEAF_BYTES * chip.messages.length),
    bytes: next,
  }
}

/** What the emitters of a chip share. */
export interface ChipPlan {
  readonly chip: Chip<never>
  readonly program: Program
  readonly forms: readonly DenominatorForm[]
  readonly layout: ChipLayout
}
