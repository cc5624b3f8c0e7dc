import { EFFECT } from '@vouch/engine'
import { sum } from '@vouch/stark'
import type { Expr } from '@vouch/stark'
import { access } from './access.ts'
import { limb } from './bitwise.ts'
import { BITWISE, EFFECT_BYTES_BUS, RAM_SPACE } from './buses.ts'
import { eachRow, effectTime } from './effect.ts'
import { foundAt } from './gaps.ts'
import { machineChip } from './machine-chip.ts'

const { at } = EFFECT

export const effectBytesChip = machineChip({
  name: 'effect-bytes',
  doc: 'A memory word of which an audited call read or wrote some bytes, all of them shown by the log or not.',
  columns: {
    en: 'bool',
    ts: 'effect',
    addr: 'effect',
    prev: 'word time',
    q0: 'old bytes 0 and 1',
    q1: 'old bytes 0 and 1',
    q2: 'old bytes 2 and 3',
    q3: 'old bytes 2 and 3',
    n0: 'new bytes 0 and 1',
    n1: 'new bytes 0 and 1',
    n2: 'new bytes 2 and 3',
    n3: 'new bytes 2 and 3',
    /** Byte j may change. */
    m0: 'bool',
    m1: 'bool',
    m2: 'bool',
    m3: 'bool',
    /** Byte j is shown. */
    s0: 'bool',
    s1: 'bool',
    s2: 'bool',
    s3: 'bool',
    /** The shown bytes, as limbs. */
    v0: 'low shown limb',
    v1: 'high shown limb',
  },
  constrain(c, b) {
    const before = [c.q0, c.q1, c.q2, c.q3]
    const after = [c.n0, c.n1, c.n2, c.n3]
    const changed = [c.m0, c.m1, c.m2, c.m3]
    const shown = [c.s0, c.s1, c.s2, c.s3]
    access(b, {
      name: 'word',
      space: RAM_SPACE,
      addr: c.addr,
      before: [limb(c.q0, c.q1), limb(c.q2, c.q3)],
      after: [limb(c.n0, c.n1), limb(c.n2, c.n3)],
      prev: c.prev,
      now: c.ts,
      enabled: c.en,
    })
    b.receive('old bytes 0 and 1', BITWISE, c.en, [0, c.q0, c.q1, 0])
    b.receive('old bytes 2 and 3', BITWISE, c.en, [0, c.q2, c.q3, 0])
    b.receive('new bytes 0 and 1', BITWISE, c.en, [0, c.n0, c.n1, 0])
    b.receive('new bytes 2 and 3', BITWISE, c.en, [0, c.n2, c.n3, 0])
    changed.forEach((m, j) => b.zero(`byte ${j} keeps`, m.not().mul(after[j].sub(before[j]))))
    const bits = (flags: readonly Expr[]): Expr => sum(flags.map((f, j) => f.mul(2 ** j)))
    const visible = shown.map((s, j) => s.mul(after[j]))
    b.zero('low shown limb', limb(visible[0], visible[1]).sub(c.v0))
    b.zero('high shown limb', limb(visible[2], visible[3]).sub(c.v1))
    b.send('effect', EFFECT_BYTES_BUS, c.en, [
      c.ts,
      c.addr,
      bits(changed).add(bits(shown).mul(16)),
      c.v0,
      c.v1,
    ])
  },
  rows: (run) => run.effects['effect-bytes'],
  fill(c, run) {
    const before = [c.q0, c.q1, c.q2, c.q3]
    const after = [c.n0, c.n1, c.n2, c.n3]
    const changed = [c.m0, c.m1, c.m2, c.m3]
    const shown = [c.s0, c.s1, c.s2, c.s3]
    eachRow(run, 'effect-bytes', (i, clk, effects, row) => {
      const flags = effects[row]
      const ts = effectTime(clk, flags)
      c.en[i] = 1
      c.ts[i] = ts
      c.addr[i] = effects[row + at.address]
      c.prev[i] = foundAt(ts, effects[row + at.prev])
      for (let j = 0; j < 4; j++) {
        before[j][i] = (effects[row + at.before] >>> (8 * j)) & 255
        after[j][i] = (effects[row + at.after] >>> (8 * j)) & 255
        changed[j][i] = (flags >>> (EFFECT.changed + j)) & 1
        shown[j][i] = (flags >>> (EFFECT.shown + j)) & 1
      }
      const visible = (j: number): number => shown[j][i] * after[j][i]
      c.v0[i] = visible(0) + 256 * visible(1)
      c.v1[i] = visible(2) + 256 * visible(3)
    })
  },
})
