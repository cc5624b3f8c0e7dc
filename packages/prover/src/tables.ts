import { riscvAir } from '@vouch/machine'
import type { Run } from '@vouch/machine'

/** Most values that a run looks up in the tables, of which only the distinct ones need a row. */
export const lookups = (run: Run): number =>
  riscvAir.chips.reduce((sum, chip) => {
    const messages = chip.messages.filter(
      (m) => m.sign === -1 && m.bus.table !== undefined && m.bus.name !== 'Rom',
    )
    return sum + messages.length * chip.rows(run)
  }, 0)
