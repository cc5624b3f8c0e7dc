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
import { haltChip } from './halt.ts'
import { IMAGE_TREE, imageChip } from './image-chip.ts'
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
import type { Air } from '@vouch/stark'
import { storeNarrowChip } from './store-narrow.ts'
import { storeWordChip } from './store-word.ts'
import { TABLES_TREE, tablesDenseChip } from './tables-dense.ts'
import { tablesSparseChip } from './tables-sparse.ts'

/** The RV32IM machine. Chips that answer look-ups come last: they are filled from counts over the others. */
export const riscvAir: Air<Run> = {
  name: 'vouch rv32im v2',
  chips: [
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
  ],
  publics: PUBLICS,
  preprocessedTrees: [IMAGE_TREE, TABLES_TREE],
  minLogHeight: 4,
  maxLogHeight: 24,
}
