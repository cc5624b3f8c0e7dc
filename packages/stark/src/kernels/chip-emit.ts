import { emitConstraints } from './chip-constraints.ts'
import { emitCount } from './chip-count.ts'
import { emitFractions, emitRunningSum } from './chip-fractions.ts'
import { emitLeaves } from './chip-leaves.ts'
import type { ChipPlan } from './chip-layout.ts'
import { emitRowConstraints } from './chip-rows.ts'
import { emitShared } from './chip-shared.ts'
import { moduleBuilder } from './emit.ts'

/**
 * The module of a chip. Each export takes the argument block and a range of row offsets in bytes, [from, to), multiples
 * of 16, and goes through it four rows at a time:
 * count, fractions -> -1, or a row offset near the offence; runningSum, constraints, leaves,
 * rowConstraints -> nothing.
 */
export function chipModule(plan: ChipPlan): Uint8Array {
  const m = moduleBuilder()
  const shared = emitShared(m)
  emitCount(m, plan)
  emitFractions(m, plan, shared)
  emitRunningSum(m, plan)
  emitConstraints(m, plan, shared)
  emitLeaves(m, plan)
  emitRowConstraints(m, plan)
  return m.bytes()
}
