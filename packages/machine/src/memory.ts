import { IMAGE, MEM, RAM_SPACE, RANGE16 } from './buses.ts'
import { machineChip } from './machine-chip.ts'

export const memoryChip = machineChip({
  name: 'memory',
  doc: 'First and last value of one memory word; words strictly ascend.',
  columns: {
    en: 'bool',
    /** 1 where the image initialises the word. */
    kind: 'bool',
    e0: 'e0 is a limb',
    e1: 'word is below 2^28',
    d0: 'd0 is a limb',
    d1: 'step is below 2^28',
    i0: 'start',
    i1: 'start',
    f0: 'end',
    f1: 'end',
    ts: 'end',
  },
  constrain(c, b) {
    const word = c.e0.add(c.e1.mul(65536))
    const before = b.prev(c.e0).add(b.prev(c.e1).mul(65536))
    const later = b.first.not()
    const addr = word.mul(4)
    b.zero('enabled rows come first', later.mul(c.en).mul(b.prev(c.en).not()))
    // A padding row of kind 1 would take a word of the image and put it nowhere.
    b.zero('kind only if enabled', c.kind.mul(c.en.not()))
    b.zero('i0 is 0 outside the image', c.kind.not().mul(c.i0))
    b.zero('i1 is 0 outside the image', c.kind.not().mul(c.i1))
    // word, the one before and the step are below 2^28, so word = before + 1 + step holds over the integers.
    b.zero(
      'words ascend by the step',
      later.mul(c.en).mul(word.sub(before).sub(1).sub(c.d0).sub(c.d1.mul(65536))),
    )
    b.receive('image', IMAGE, c.kind, [addr, c.i0, c.i1])
    b.send('start', MEM, c.en, [RAM_SPACE, addr, c.i0, c.i1, 0])
    b.receive('end', MEM, c.en, [RAM_SPACE, addr, c.f0, c.f1, c.ts])
    b.receive('e0 is a limb', RANGE16, c.en, [c.e0])
    b.receive('e1 is a limb', RANGE16, c.en, [c.e1])
    b.receive('word is below 2^28', RANGE16, c.en, [c.e1.mul(16)])
    b.receive('d0 is a limb', RANGE16, c.en, [c.d0])
    b.receive('d1 is a limb', RANGE16, c.en, [c.d1])
    b.receive('step is below 2^28', RANGE16, c.en, [c.d1.mul(16)])
  },
  rows: (run) => run.memory.count,
  fill(c, { memory }) {
    c.en.fill(1, 0, memory.count)
    c.kind.set(memory.kind)
    c.ts.set(memory.finalTs)
    for (let r = 0; r < memory.count; r++) {
      const word = memory.addr[r] >>> 2
      const step = r === 0 ? 0 : word - (memory.addr[r - 1] >>> 2) - 1
      c.e0[r] = word & 0xffff
      c.e1[r] = word >>> 16
      c.d0[r] = step & 0xffff
      c.d1[r] = step >>> 16
      c.i0[r] = memory.initial[r] & 0xffff
      c.i1[r] = memory.initial[r] >>> 16
      c.f0[r] = memory.final[r] & 0xffff
      c.f1[r] = memory.final[r] >>> 16
    }
  },
})
