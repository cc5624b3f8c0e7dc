import { PUBLIC_CURSOR, REGISTER_SLOTS } from '@vouch/engine'
import { MEM, REGISTER_SPACE } from './buses.ts'
import { machineChip } from './machine-chip.ts'

const LOG_SLOTS = 6
const SLOTS = 1 << LOG_SLOTS

export const registersChip = machineChip({
  name: 'registers',
  doc: 'First and last value of one register slot; slots 36 to 63 are never used.',
  columns: {
    index: 'indices ascend by 1',
    f0: 'end',
    f1: 'end',
    ts: 'end',
  },
  constrain(c, b) {
    b.zero('indices start at 0', b.first.mul(c.index))
    b.zero('indices ascend by 1', b.first.not().mul(c.index.sub(b.prev(c.index)).sub(1)))
    // The verifier's public terms replace the 0 of sp by its initial value.
    b.send('start', MEM, 1, [REGISTER_SPACE, c.index, 0, 0, 0])
    b.receive('end', MEM, 1, [REGISTER_SPACE, c.index, c.f0, c.f1, c.ts])
  },
  rows: () => SLOTS,
  fixedLogHeight: LOG_SLOTS,
  fill(c, { trace }) {
    for (let i = 0; i < SLOTS; i++) c.index[i] = i
    for (let i = 0; i < REGISTER_SLOTS; i++) {
      const value = trace.registersFinal[i]
      // A cursor is one field element, not two limbs.
      c.f0[i] = i >= PUBLIC_CURSOR ? value : value & 0xffff
      c.f1[i] = i >= PUBLIC_CURSOR ? 0 : value >>> 16
      c.ts[i] = trace.registersFinalTs[i]
    }
  },
})
