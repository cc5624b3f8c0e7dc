import { JOURNAL_CURSOR, PUBLIC_CURSOR } from '@vouch/engine'
import { access, time } from './access.ts'
import type { Limbs } from './access.ts'
import { CALL, CALL_BUS, CALL_SLOT, EFFECT_BUS, HALT, REGISTER_SPACE, ROM, SLOT, STATE } from './buses.ts'
import { FAMILY } from './families.ts'
import { foundAt } from './gaps.ts'
import { machineChip } from './machine-chip.ts'

/** `kind` of a Halt tuple. */
export const EXIT = 0
export const EBREAK = 1

export const haltChip = machineChip({
  name: 'halt',
  doc: 'The last cycle: exit (a7 = 93, 94 or 0) or EBREAK. It takes the state and leaves none.',
  columns: {
    exit: 'bool',
    ebreak: 'bool',
    pc: 'fetch',
    clk: 'state',
    number: 'number is an exit',
    code0: 'a0 before',
    code1: 'a0 before',
    consumed: 'public cursor before',
    written: 'journal cursor before',
    tp17: 'a7 time',
    tp10: 'a0 time',
    tp33: 'public cursor time',
    tp34: 'journal cursor time',
  },
  constrain(c, b) {
    const { clk, exit } = c
    const en = c.exit.add(c.ebreak)
    const read = { space: REGISTER_SPACE }
    b.zero('one kind', c.exit.mul(c.ebreak))
    b.zero('number is an exit', c.number.mul(c.number.sub(93)).mul(c.number.sub(94)))
    b.zero('EBREAK has no low code', c.ebreak.mul(c.code0))
    b.zero('EBREAK has no high code', c.ebreak.mul(c.code1))
    b.receive('state', STATE, en, [c.pc, clk])
    b.receive('fetch', ROM, en, [
      exit.mul(FAMILY.ecall).add(c.ebreak.mul(FAMILY.ebreak)),
      c.pc,
      0,
      0,
      0,
      0,
      0,
      0,
    ])
    const number = [c.number, 0] as const
    access(b, {
      ...read,
      name: 'a7',
      addr: 17,
      before: number,
      after: number,
      prev: c.tp17,
      now: time(clk, SLOT.rs1),
      enabled: exit,
    })
    const code = [c.code0, c.code1] as const
    access(b, {
      ...read,
      name: 'a0',
      addr: 10,
      before: code,
      after: code,
      prev: c.tp10,
      now: time(clk, SLOT.rd),
      enabled: exit,
    })
    const consumed = [c.consumed, 0] as const
    access(b, {
      ...read,
      name: 'public cursor',
      addr: PUBLIC_CURSOR,
      before: consumed,
      after: consumed,
      prev: c.tp33,
      now: time(clk, SLOT.rd),
      enabled: en,
    })
    const written = [c.written, 0] as const
    access(b, {
      ...read,
      name: 'journal cursor',
      addr: JOURNAL_CURSOR,
      before: written,
      after: written,
      prev: c.tp34,
      now: time(clk, SLOT.rd),
      enabled: en,
    })
    // With an audit log, the verifier receives the exit as a call.
    const logged = exit.mul(b.public('audited'))
    const effect = (register: number, [v0, v1]: Limbs) =>
      [time(clk, CALL_SLOT.read), REGISTER_SPACE, 0, register, v0, v1] as const
    b.send('logged call', CALL_BUS, logged, [clk, CALL.exit, c.pc, 0])
    b.send('logged a7', EFFECT_BUS, logged, effect(17, number))
    b.send('logged a0', EFFECT_BUS, logged, effect(10, code))
    b.send('halt', HALT, en, [clk, c.ebreak.mul(EBREAK), c.code0, c.code1, c.consumed, c.written])
  },
  rows: () => 1,
  fill(c, { halt }) {
    const ts = 4 * halt.clk
    c.pc[0] = halt.pc
    c.clk[0] = halt.clk
    if (halt.kind === 'exit') {
      c.exit[0] = 1
      c.number[0] = halt.number
      c.code0[0] = halt.code & 0xffff
      c.code1[0] = halt.code >>> 16
      c.tp17[0] = foundAt(ts, halt.a7Prev)
      c.tp10[0] = foundAt(ts + SLOT.rd, halt.a0Prev)
    } else c.ebreak[0] = 1
    c.consumed[0] = halt.publicCursor
    c.written[0] = halt.journalCursor
    c.tp33[0] = foundAt(ts + SLOT.rd, halt.publicCursorPrev)
    c.tp34[0] = foundAt(ts + SLOT.rd, halt.journalCursorPrev)
  },
})
