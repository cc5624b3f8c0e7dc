import { EFFECT } from '@vouch/engine'
import { access } from './access.ts'
import { EFFECT_HIDDEN_BUS, RAM_SPACE, RANGE16 } from './buses.ts'
import { eachRow, effectTime } from './effect.ts'
import { foundAt } from './gaps.ts'
import { machineChip } from './machine-chip.ts'

const { at } = EFFECT

export const effectHiddenChip = machineChip({
  name: 'effect-hidden',
  doc: 'A whole memory word that an audited call wrote with bytes that the log does not show.',
  columns: {
    en: 'bool',
    ts: 'effect',
    addr: 'effect',
    prev: 'word time',
    b0: 'word before',
    b1: 'word before',
    a0: 'a0 is a limb',
    a1: 'a1 is a limb',
  },
  constrain(c, b) {
    access(b, {
      name: 'word',
      space: RAM_SPACE,
      addr: c.addr,
      before: [c.b0, c.b1],
      after: [c.a0, c.a1],
      prev: c.prev,
      now: c.ts,
      enabled: c.en,
    })
    b.receive('a0 is a limb', RANGE16, c.en, [c.a0])
    b.receive('a1 is a limb', RANGE16, c.en, [c.a1])
    b.send('effect', EFFECT_HIDDEN_BUS, c.en, [c.ts, c.addr])
  },
  rows: (run) => run.effects['effect-hidden'],
  fill(c, run) {
    eachRow(run, 'effect-hidden', (i, clk, effects, row) => {
      const ts = effectTime(clk, effects[row])
      c.en[i] = 1
      c.ts[i] = ts
      c.addr[i] = effects[row + at.address]
      c.prev[i] = foundAt(ts, effects[row + at.prev])
      c.b0[i] = effects[row + at.before] & 0xffff
      c.b1[i] = effects[row + at.before] >>> 16
      c.a0[i] = effects[row + at.after] & 0xffff
      c.a1[i] = effects[row + at.after] >>> 16
    })
  },
})
