import type { Chip } from '../air/chip.ts'
import type { Program } from '../air/program.ts'
import type { DenominatorForm } from './chip-forms.ts'

/** Rows between two inversions of the interaction kernel; its scratch stays within the first two cache levels. */
export const BLOCK_ROWS = 128
/** Bytes of scratch for four rows of a group: four limbs, the norm, and the product of the norms before it. */
export const FRACTION_BYTES = 96

/** Bytes of a plane of leaves that are written at once. */
export const LEAF_BYTES = 1024

/**
 * Byte offsets within a chip's argument block, which holds all that one call of its kernels needs beyond columns:
 * pointers, then words that are splatted over the lanes, then scratch.
 */
export interface ChipLayout {
  readonly main: number
  readonly preprocessed: number
  readonly interaction: number
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
  /** claim / 2^log: four words. */
  readonly share: number
  /** Two vectors a limb: the lanes of the claim, then the running sum. */
  readonly sums: number
  /** A message each: four u64, then four words an atom. */
  readonly constants: readonly number[]
  readonly atoms: readonly number[]
  /** Terms of the linear combination: constraints and four a group, padded with zeros to a multiple of four. */
  readonly terms: number
  /** Terms of the constraints alone, padded likewise. */
  readonly rowTerms: number
  /** Four words a term. */
  readonly weights: number
  /** A vector a term. */
  readonly values: number
  readonly fractions: number
  /** LEAF_BYTES for each address in `leaves`. */
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
  const groups = chip.groups.length
  const terms = Math.ceil((chip.constraints.length + 4 * groups) / 4) * 4
  return {
    main: take(4 * chip.columns.length),
    preprocessed: take(4 * (chip.preprocessed?.columns.length ?? 0), 4),
    interaction: take(16 * groups, 4),
    planes: take(16, 4),
    leaves: take(20 * chip.messages.length, 4),
    prev: take(4, 4),
    first: take(4, 4),
    lastRow: take(4, 4),
    counts: take(12 * chip.messages.length, 4),
    publics: take(4 * publics, 4),
    share: take(16),
    sums: take(128),
    constants: forms.map(() => take(32)),
    atoms: forms.map((form) => take(16 * form.atoms.length)),
    terms,
    rowTerms: Math.ceil(chip.constraints.length / 4) * 4,
    weights: take(16 * terms),
    values: take(16 * terms),
    fractions: take((BLOCK_ROWS / 4) * FRACTION_BYTES * groups),
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
