import { access, time } from './access.ts'
import { limb } from './bitwise.ts'
import { BITWISE, COPY, IO, JOURNAL_STREAM, PRIVATE_STREAM, PUBLIC_STREAM, RAM_SPACE, SLOT } from './buses.ts'
import { streamOf } from './ecall.ts'
import { foundAt } from './gaps.ts'
import { machineChip } from './machine-chip.ts'
import { m31, sum } from '@vouch/stark'

export const copyChip = machineChip({
  name: 'copy',
  doc: 'One memory word of a copy job: a run of its bytes goes to the journal, or comes from an input.',
  columns: {
    privateRead: 'bool',
    publicRead: 'bool',
    journal: 'bool',
    clk: 'job',
    addr: 'job',
    pos: 'job',
    tpm: 'memory time',
    /** The byte that the run starts at. */
    offset: 'start of the run',
    /** Byte j belongs to the run. */
    in0: 'bool',
    in1: 'bool',
    in2: 'bool',
    in3: 'bool',
    /** What byte j is to the verifier: 1 where it goes to the journal, −1 where it comes from the public input, else 0. */
    io0: 'byte 0 is public',
    io1: 'byte 1 is public',
    io2: 'byte 2 is public',
    io3: 'byte 3 is public',
    q0: 'old bytes 0 and 1',
    q1: 'old bytes 0 and 1',
    q2: 'old bytes 2 and 3',
    q3: 'old bytes 2 and 3',
    n0: 'new bytes 0 and 1',
    n1: 'new bytes 0 and 1',
    n2: 'new bytes 2 and 3',
    n3: 'new bytes 2 and 3',
  },
  constrain(c, b) {
    const en = sum([c.privateRead, c.publicRead, c.journal])
    const inside = [c.in0, c.in1, c.in2, c.in3]
    const { offset } = c
    const count = sum(inside)
    b.zero('one stream', en.mul(en.sub(1)))
    // A run is not empty and has no hole: of its bytes, one has no byte of the run before it. A padding row has no run.
    const starts = inside.map((isIn, j) => (j === 0 ? isIn : isIn.mul(inside[j - 1].not())))
    b.zero('one run', sum(starts).sub(en))
    b.zero('start of the run', sum(starts.map((s, j) => s.mul(j))).sub(offset))

    const stream = sum([
      c.privateRead.mul(PRIVATE_STREAM),
      c.publicRead.mul(PUBLIC_STREAM),
      c.journal.mul(JOURNAL_STREAM),
    ])
    b.receive('job', COPY, en, [c.clk, stream, c.addr, c.pos])
    b.send('rest of the job', COPY, en, [c.clk, stream, c.addr.add(count), c.pos.add(count)])

    const before = [c.q0, c.q1, c.q2, c.q3]
    const after = [c.n0, c.n1, c.n2, c.n3]
    const io = [c.io0, c.io1, c.io2, c.io3]
    access(b, {
      name: 'memory',
      space: RAM_SPACE,
      addr: c.addr.sub(offset),
      before: [limb(c.q0, c.q1), limb(c.q2, c.q3)],
      after: [limb(c.n0, c.n1), limb(c.n2, c.n3)],
      prev: c.tpm,
      now: time(c.clk, SLOT.memory),
      enabled: en,
    })
    b.receive('old bytes 0 and 1', BITWISE, en, [0, c.q0, c.q1, 0])
    b.receive('old bytes 2 and 3', BITWISE, en, [0, c.q2, c.q3, 0])
    b.receive('new bytes 0 and 1', BITWISE, en, [0, c.n0, c.n1, 0])
    b.receive('new bytes 2 and 3', BITWISE, en, [0, c.n2, c.n3, 0])
    inside.forEach((isIn, j) => {
      b.zero(`byte ${j} changes only by a read`, isIn.mul(c.journal.not()).not().mul(after[j].sub(before[j])))
      // The verifier sends the public input, so a read receives it; the journal goes the other way.
      b.zero(`byte ${j} is public`, c.journal.sub(c.publicRead).mul(isIn).sub(io[j]))
      b.send(`public byte ${j}`, IO, io[j], [stream, c.pos.add(j).sub(offset), after[j]])
    })
  },
  rows: (run) => run.copies,
  fill(c, { ecalls }) {
    const inside = [c.in0, c.in1, c.in2, c.in3]
    const before = [c.q0, c.q1, c.q2, c.q3]
    const after = [c.n0, c.n1, c.n2, c.n3]
    const io = [c.io0, c.io1, c.io2, c.io3]
    let r = 0
    for (const e of ecalls) {
      let done = 0
      for (const word of e.copies) {
        const stream = streamOf(e)
        ;(stream === PRIVATE_STREAM ? c.privateRead : stream === PUBLIC_STREAM ? c.publicRead : c.journal)[
          r
        ] = 1
        c.clk[r] = e.clk
        c.addr[r] = e.a1 + done
        c.pos[r] = e.cursorBefore + done
        c.tpm[r] = foundAt(4 * e.clk + SLOT.memory, word.prev)
        c.offset[r] = word.offset
        for (let j = 0; j < 4; j++) {
          if (j >= word.offset && j < word.offset + word.count) {
            inside[j][r] = 1
            if (stream !== PRIVATE_STREAM) io[j][r] = stream === JOURNAL_STREAM ? 1 : m31.P - 1
          }
          before[j][r] = (word.before >>> (8 * j)) & 255
          after[j][r] = (word.after >>> (8 * j)) & 255
        }
        done += word.count
        r++
      }
    }
  },
})
