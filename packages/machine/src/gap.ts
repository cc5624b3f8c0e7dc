import { MEM, RANGE15, RANGE16 } from './buses.ts'
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
    from: 'before',
    t0: 't0 is a limb',
    t1: 'new time is below 2^30',
    d0: 'd0 is a limb',
    d1: 'step is below 2^29',
  },
  constrain(c, b) {
    const to = c.t0.add(c.t1.mul(65536))
    b.receive('before', MEM, c.en, [c.space, c.addr, c.v0, c.v1, c.from])
    b.send('after', MEM, c.en, [c.space, c.addr, c.v0, c.v1, to])
    // Both timestamps are below 2^30 and the step below 2^29: as integers, not only mod p, time grows.
    b.zero('time grows by the step', to.sub(c.from).sub(c.en).sub(c.d0).sub(c.d1.mul(65536)))
    b.receive('t0 is a limb', RANGE16, c.en, [c.t0])
    b.receive('t1 is an integer', RANGE15, c.en, [c.t1])
    b.receive('new time is below 2^30', RANGE15, c.en, [c.t1.mul(2)])
    b.receive('d0 is a limb', RANGE16, c.en, [c.d0])
    b.receive('d1 is an integer', RANGE15, c.en, [c.d1])
    b.receive('step is below 2^29', RANGE15, c.en, [c.d1.mul(4)])
  },
  rows: (run) => run.gaps.count,
  fill(c, { gaps }) {
    c.en.fill(1, 0, gaps.count)
    for (const name of ['space', 'addr', 'v0', 'v1', 'from'] as const) c[name].set(gaps[name])
    for (let r = 0; r < gaps.count; r++) {
      const to = gaps.to[r]
      const step = to - gaps.from[r] - 1
      c.t0[r] = to & 0xffff
      c.t1[r] = to >>> 16
      c.d0[r] = step & 0xffff
      c.d1[r] = step >>> 16
    }
  },
})
