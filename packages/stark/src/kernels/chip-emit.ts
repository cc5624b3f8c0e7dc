import { emitConstraints } from './chip-constraints.ts'
import { emitCount } from './chip-count.ts'
import { emitFractions } from './chip-fractions.ts'
import type { ChipPlan } from './chip-layout.ts'
import { moduleBuilder } from '@vouch/wasm'

/**
 * The module of a chip. Each export takes the argument block and a range of row offsets in bytes, [from, to), multiples
 * of 16, and goes through it four rows at a time:
 * count -> -1, or a row offset near the offence; fractions, constraints -> nothing.
 */
export function chipModule(plan: ChipPlan, sharedMemory: boolean): Uint8Array {
  const m = moduleBuilder({ shared: sharedMemory })
  emitCount(m, plan)
  emitFractions(m, plan)
  emitConstraints(m, plan)
  return m.bytes()
}
