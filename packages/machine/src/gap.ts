import { MEM, RANGE15 } from './buses.ts'
import { GAP_UNIT } from './gaps.ts'
import { machineChip } from './machine-chip.ts'

export const gapChip = machineChip({
  name: 'gap',
  doc: 'Carries the value of a register or memory word from one timestamp to a later one.',
  columns: {
    en: 'bool',
    space: 'before',
    addr: 'before',
    v0: 'before',
    v1: 'before',
    /** Halves of the new time, of 15 bits. */
    t0: 'low half of the new time',
    t1: 'high half of the new time',
    step: 'step is below 2^30',
  },
  constrain(c, b) {
    const to = c.t0.add(c.t1.mul(32768))
    // Both timestamps are below 2^30, and so is the step, which is not 0: time grows as integers, not only mod p.
    const from = to.sub(1).sub(c.step.mul(GAP_UNIT))
    b.receive('before', MEM, c.en, [c.space, c.addr, c.v0, c.v1, from])
    b.send('after', MEM, c.en, [c.space, c.addr, c.v0, c.v1, to])
    b.receive('low half of the new time', RANGE15, c.en, [c.t0])
    b.receive('high half of the new time', RANGE15, c.en, [c.t1])
    b.receive('step is below 2^30', RANGE15, c.en, [c.step])
  },
  rows: (run) => run.gaps.count,
  fill(c, { gaps }) {
    c.en.fill(1, 0, gaps.count)
    for (const name of ['space', 'addr', 'v0', 'v1'] as const) c[name].set(gaps[name])
    for (let r = 0; r < gaps.count; r++) {
      const to = gaps.to[r]
      c.t0[r] = to & 0x7fff
      c.t1[r] = to >>> 15
      c.step[r] = (to - gaps.from[r] - 1) / GAP_UNIT
    }
  },
})
