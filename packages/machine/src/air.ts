import { addChip } from './add.ts'
import { addiChip } from './addi.ts'
import { bitwiseImmChip } from './bitwise-imm.ts'
import { bitwiseChip } from './bitwise.ts'
import { branchEqChip } from './branch-eq.ts'
import { branchLtChip } from './branch-lt.ts'
import { constChip } from './const.ts'
import { callChip } from './call.ts'
import { copyChip } from './copy.ts'
import { divChip } from './div.ts'
import { ecallChip } from './ecall.ts'
import { effectBytesChip } from './effect-bytes.ts'
import { effectHiddenChip } from './effect-hidden.ts'
import { effectChip } from './effect.ts'
import { gapChip } from './gap.ts'
import { FAMILY } from './families.ts'
import { haltChip } from './halt.ts'
import { IMAGE_TREE, imageChip } from './image-chip.ts'
import { MIN_LOG_HEIGHT, familySource, gapSource, instances } from './instances.ts'
import { jalrChip } from './jalr.ts'
import { loadNarrowChip } from './load-narrow.ts'
import { loadWordChip } from './load-word.ts'
import { PUBLICS } from './machine-chip.ts'
import { memoryChip } from './memory.ts'
import { mulChip } from './mul.ts'
import { mulhChip } from './mulh.ts'
import { registersChip } from './registers.ts'
import { romChip } from './rom-chip.ts'
import type { Run } from './run.ts'
import { shiftLeftImmChip } from './shift-left-imm.ts'
import { shiftRegChip } from './shift-reg.ts'
import { shiftRightImmChip } from './shift-right-imm.ts'
import { sltImmChip } from './slt-imm.ts'
import { sltChip } from './slt.ts'
import type { Air, Chip } from '@vouch/stark'
import { storeNarrowChip } from './store-narrow.ts'
import { storeWordChip } from './store-word.ts'
import { tablesDenseChip } from './tables-dense.ts'
import { tablesSparseChip } from './tables-sparse.ts'

/** The declarations, each once. Chips that answer look-ups come last: they are filled from counts over the others. */
export const riscvChips: readonly Chip<Run>[] = [
  addChip,
  addiChip,
  bitwiseChip,
  bitwiseImmChip,
  sltChip,
  sltImmChip,
  branchEqChip,
  branchLtChip,
  constChip,
  jalrChip,
  loadWordChip,
  storeWordChip,
  loadNarrowChip,
  storeNarrowChip,
  shiftLeftImmChip,
  shiftRightImmChip,
  shiftRegChip,
  mulChip,
  mulhChip,
  divChip,
  ecallChip,
  copyChip,
  callChip,
  effectChip,
  effectHiddenChip,
  effectBytesChip,
  haltChip,
  gapChip,
  memoryChip,
  registersChip,
  imageChip,
  romChip,
  tablesDenseChip,
  tablesSparseChip,
]

/**
 * Rows of an instruction or a gap stand alone, so they may be spread over several tables. No other chip's may: the words
 * of the memory chip ascend within one table, and a second one could list a word again; registers, ROM, image and tables
 * are as tall as they are. Copies and calls are few.
 */
const tablesOf = (chip: Chip<Run>): readonly Chip<Run>[] => {
  if (chip === gapChip) return instances(chip, gapSource)
  if (chip === ecallChip || !Object.hasOwn(FAMILY, chip.name)) return [chip]
  return instances(chip, familySource(chip.name as keyof typeof FAMILY))
}

/** The RV32IM machine. */
export const riscvAir: Air<Run> = {
  name: 'vouch rv32im v2',
  chips: riscvChips.flatMap(tablesOf),
  publics: PUBLICS,
  preprocessedTrees: [IMAGE_TREE],
  minLogHeight: MIN_LOG_HEIGHT,
  maxLogHeight: 24,
}
