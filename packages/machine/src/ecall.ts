import { JOURNAL_CURSOR, PUBLIC_CURSOR } from '@vouch/engine'
import { access, instruction, time } from './access.ts'
import type { Limbs } from './access.ts'
import {
  CALL,
  CALL_BUS,
  CALL_SLOT,
  COPY,
  EFFECT_BUS,
  JOURNAL_STREAM,
  PRIVATE_STREAM,
  PUBLIC_STREAM,
  RANGE16,
  REGISTER_SPACE,
  SLOT,
} from './buses.ts'
import type { EcallRecord } from '@vouch/engine'
import { FAMILY } from './families.ts'
import { foundAt } from './gaps.ts'
import { machineChip } from './machine-chip.ts'
import { sum } from '@vouch/stark'

const READ = 63
const WRITE = 64

/** The stream that a host call copies, 0 for the console, whose bytes are not proved. */
export function streamOf(e: EcallRecord): number {
  if (e.number === READ) return e.a0 === 0 ? PRIVATE_STREAM : PUBLIC_STREAM
  return e.a0 === 3 ? JOURNAL_STREAM : 0
}

export const ecallChip = machineChip({
  name: 'ecall',
  doc: 'read (63) from descriptors 0 and 4, write (64) to 1, 2 and 3: a0 becomes the count r, a copy job does the rest.',
  columns: {
    privateRead: 'bool',
    publicRead: 'bool',
    console1: 'bool',
    console2: 'bool',
    journal: 'bool',
    pc: 'fetch',
    clk: 'state',
    p0: 'a1 before',
    p1: 'a1 before',
    l0: 'a2 before',
    l1: 'a2 before',
    r0: 'r0 is a limb',
    r1: 'r1 is a limb',
    /** len − r */
    g0: 'g0 is a limb',
    g1: 'g1 is a limb',
    carry: 'bool',
    short: 'bool',
    /** len is not 0. */
    some: 'bool',
    /** 2^30 − pointer − len */
    e0: 'e0 is a limb',
    e1: 'room is below 2^30',
    pos: 'cursor before',
    tp17: 'a7 time',
    tp11: 'a1 time',
    tp12: 'a2 time',
    tp10: 'a0 time',
    tpc: 'cursor time',
  },
  constrain(c, b) {
    const { clk } = c
    const reads = c.privateRead.add(c.publicRead)
    const writes = sum([c.console1, c.console2, c.journal])
    const en = reads.add(writes)
    const streams = reads.add(c.journal)
    const moves = c.publicRead.add(c.journal)
    const r = c.r0.add(c.r1.mul(65536))
    b.zero('one kind', en.mul(en.sub(1)))
    instruction(b, { pc: c.pc, clk, en }, FAMILY.ecall, [], c.pc.add(4))

    const register = { space: REGISTER_SPACE, enabled: en }
    const number = [reads.mul(READ).add(writes.mul(WRITE)), 0] as const
    access(b, {
      ...register,
      name: 'a7',
      addr: 17,
      before: number,
      after: number,
      prev: c.tp17,
      now: time(clk, SLOT.rs1),
    })
    const pointer = [c.p0, c.p1] as const
    access(b, {
      ...register,
      name: 'a1',
      addr: 11,
      before: pointer,
      after: pointer,
      prev: c.tp11,
      now: time(clk, SLOT.rs1),
    })
    const length = [c.l0, c.l1] as const
    access(b, {
      ...register,
      name: 'a2',
      addr: 12,
      before: length,
      after: length,
      prev: c.tp12,
      now: time(clk, SLOT.rs1),
    })
    const descriptor = sum([c.publicRead.mul(4), c.console1, c.console2.mul(2), c.journal.mul(3)])
    access(b, {
      ...register,
      name: 'a0',
      addr: 10,
      before: [descriptor, 0],
      after: [c.r0, c.r1],
      prev: c.tp10,
      now: time(clk, SLOT.rd),
    })
    access(b, {
      ...register,
      name: 'cursor',
      addr: c.publicRead.mul(PUBLIC_CURSOR).add(c.journal.mul(JOURNAL_CURSOR)),
      before: [c.pos, 0],
      after: [c.pos.add(r), 0],
      prev: c.tpc,
      now: time(clk, SLOT.rd),
      enabled: moves,
    })

    // len = r + g, limb by limb: a count above len has no g.
    b.receive('r0 is a limb', RANGE16, en, [c.r0])
    b.receive('r1 is a limb', RANGE16, en, [c.r1])
    b.receive('g0 is a limb', RANGE16, en, [c.g0])
    b.receive('g1 is a limb', RANGE16, en, [c.g1])
    b.zero('low limb of len', c.r0.add(c.g0).sub(c.l0).sub(c.carry.mul(65536)))
    b.zero('high limb of len', c.r1.add(c.g1).add(c.carry).sub(c.l1))
    b.zero('low limb of a shortfall', c.short.not().mul(c.g0))
    b.zero('high limb of a shortfall', c.short.not().mul(c.g1))
    b.zero('writes are not short', writes.mul(c.short))
    b.zero(
      'public input is short only at its end',
      c.publicRead.mul(c.short).mul(c.pos.add(r).sub(b.public('publicLength'))),
    )

    // The buffer lies in RAM. Pointer, length and room are below 2^30, so the sum holds over the integers: the largest
    // is 3·2^30 − 3, below 2^30 + p. So r, at most len, and the pointer enter the copy job as the registers hold them.
    const room = c.e0.add(c.e1.mul(65536))
    const buffer = c.p0.add(c.p1.mul(65536)).add(c.l0).add(c.l1.mul(65536))
    b.zero('some only if enabled', c.some.mul(en.not()))
    b.zero('without some, len is 0', en.sub(c.some).mul(c.l0.add(c.l1)))
    b.zero('the buffer ends in RAM', c.some.mul(buffer.add(room).sub(2 ** 30)))
    b.receive('pointer is below 2^30', RANGE16, c.some, [c.p1.mul(4)])
    b.receive('len is below 2^30', RANGE16, c.some, [c.l1.mul(4)])
    b.receive('e0 is a limb', RANGE16, c.some, [c.e0])
    b.receive('e1 is a limb', RANGE16, c.some, [c.e1])
    b.receive('room is below 2^30', RANGE16, c.some, [c.e1.mul(4)])
    // The copy chip moves bytes from the start of the job to its end, which are one where r is 0.
    const stream = sum([
      c.privateRead.mul(PRIVATE_STREAM),
      c.publicRead.mul(PUBLIC_STREAM),
      c.journal.mul(JOURNAL_STREAM),
    ])
    const from = c.p0.add(c.p1.mul(65536))
    b.send('start of the copy', COPY, streams, [clk, stream, from, c.pos])
    b.receive('end of the copy', COPY, streams, [clk, stream, from.add(r), c.pos.add(r)])

    // With an audit log, the verifier receives the call and its registers.
    const logged = en.mul(b.public('audited'))
    const read = (register: number, name: string, [v0, v1]: Limbs): void =>
      b.send(`logged ${name}`, EFFECT_BUS, logged, [
        time(clk, CALL_SLOT.read),
        REGISTER_SPACE,
        0,
        register,
        v0,
        v1,
      ])
    b.send('logged call', CALL_BUS, logged, [clk, CALL.direct, c.pc, c.pc.add(4)])
    read(17, 'a7', number)
    read(10, 'a0', [descriptor, 0])
    read(11, 'a1', pointer)
    read(12, 'a2', length)
    b.send('logged result', EFFECT_BUS, logged, [
      time(clk, CALL_SLOT.write),
      REGISTER_SPACE,
      1,
      10,
      c.r0,
      c.r1,
    ])
  },
  rows: (run) => run.ecalls.length,
  fill(c, { ecalls }) {
    ecalls.forEach((e, i) => {
      const ts = 4 * e.clk
      const stream = streamOf(e)
      if (stream === PRIVATE_STREAM) c.privateRead[i] = 1
      else if (stream === PUBLIC_STREAM) c.publicRead[i] = 1
      else if (stream === JOURNAL_STREAM) c.journal[i] = 1
      else if (e.a0 === 1) c.console1[i] = 1
      else c.console2[i] = 1
      c.pc[i] = e.pc
      c.clk[i] = e.clk
      c.p0[i] = e.a1 & 0xffff
      c.p1[i] = e.a1 >>> 16
      c.l0[i] = e.a2 & 0xffff
      c.l1[i] = e.a2 >>> 16
      c.r0[i] = e.result & 0xffff
      c.r1[i] = e.result >>> 16
      const rest = e.a2 - e.result
      c.g0[i] = rest & 0xffff
      c.g1[i] = rest >>> 16
      c.carry[i] = c.r0[i] + c.g0[i] >= 65536 ? 1 : 0
      c.short[i] = rest === 0 ? 0 : 1
      c.some[i] = e.a2 === 0 ? 0 : 1
      if (e.a2 !== 0) {
        const room = 2 ** 30 - e.a1 - e.a2
        c.e0[i] = room & 0xffff
        c.e1[i] = room >>> 16
      }
      c.pos[i] = e.cursorBefore
      c.tp17[i] = foundAt(ts, e.a7Prev)
      c.tp11[i] = foundAt(ts, e.a1Prev)
      c.tp12[i] = foundAt(ts, e.a2Prev)
      c.tp10[i] = foundAt(ts + SLOT.rd, e.a0Prev)
      if (e.cursor !== 0) c.tpc[i] = foundAt(ts + SLOT.rd, e.cursorPrev)
    })
  },
})
