import { emitConstraints } from './chip-constraints.ts'
import { emitCount } from './chip-count.ts'
import { emitFractions, emitRunningSum } from './chip-fractions.ts'
import type { ChipPlan } from './chip-layout.ts'
import { emitShared } from './chip-shared.ts'
import { moduleBuilder } from './emit.ts'

/**
 * The module of a chip. Each export takes the argument block and a range of row offsets in bytes, [from, to), multiples
 * of 16, and goes through it four rows at a time:
 * count, fractions -> -1, or a row offset near the offence; runningSum, constraints -> nothing.
 */
export function chipModule(plan: ChipPlan, sharedMemory: boolean): Uint8Array {
  const m = moduleBuilder(sharedMemory)
  const shared = emitShared(m)
  emitCount(m, plan)
  emitFractions(m, plan, shared)
  emitRunningSum(m, plan)
  emitConstraints(m, plan, shared)
  return m.bytes()
}
