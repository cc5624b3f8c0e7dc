import { accessWord, address, instruction, readRegister, writeRegister } from './access.ts'
import { limb } from './bitwise.ts'
import { BITWISE, RANGE15 } from './buses.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putFrame, putLimbs, romField, rowsOf } from './fill.ts'
import { putWrap } from './jalr.ts'
import { machineChip } from './machine-chip.ts'
import { sum } from '@vouch/stark'

export const loadNarrowChip = machineChip({
  name: 'load-narrow',
  doc: 'LB, LBU, LH, LHU: a byte or limb of the word at address - 2·hi - lo.',
  columns: {
    lb: 'bool',
    lbu: 'bool',
    lh: 'bool',
    lhu: 'bool',
    pc: 'fetch',
    clk: 'state',
    rd: 'fetch',
    rs1: 'fetch',
    imm: 'fetch',
    tp1: 'rs1 time',
    tpm: 'memory time',
    tp3: 'rd time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    wrap: 'bool',
    hi: 'bool',
    lo: 'bool',
    m0: 'memory before',
    m1: 'memory before',
    y0: 'bytes of the limb',
    y1: 'bytes of the limb',
    a0: 'value loaded',
    sign: 'bool',
    p0: 'rd before',
    p1: 'rd before',
  },
  constrain(c, b) {
    const en = sum([c.lb, c.lbu, c.lh, c.lhu])
    const cycle = { ...c, en }
    const op = c.lbu.add(c.lh.mul(2)).add(c.lhu.mul(3))
    const half = limb(c.y0, c.y1)
    b.zero('one kind', en.mul(en.sub(1)))
    instruction(b, cycle, FAMILY['load-narrow'], [c.rd, c.rs1, c.imm, op], c.pc.add(4))
    readRegister(b, 'rs1', cycle, c.rs1, [c.b0, c.b1], c.tp1)
    // Words have 4-aligned addresses only, so hi and lo are the low bits of the address.
    const word = address(b, cycle, [c.b0, c.b1], c.wrap, c.imm).sub(c.hi.mul(2)).sub(c.lo)
    accessWord(b, cycle, word, [c.m0, c.m1], [c.m0, c.m1], c.tpm)
    b.zero('halves are aligned', c.lh.add(c.lhu).mul(c.lo))
    b.zero('the limb is selected', c.m0.add(c.hi.mul(c.m1.sub(c.m0))).sub(half))
    b.receive('bytes of the limb', BITWISE, en, [0, c.y0, c.y1, 0])
    const byte = c.y0.add(c.lo.mul(c.y1.sub(c.y0)))
    const extended = byte.add(c.sign.mul(0xff00))
    b.zero('value loaded', c.lb.mul(extended).add(c.lbu.mul(byte)).add(c.lh.add(c.lhu).mul(half)).sub(c.a0))
    b.zero('sign only if signed', c.sign.mul(c.lb.add(c.lh).not()))
    b.receive('sign of a byte', RANGE15, c.lb, [c.a0.sub(c.sign.mul(0xff00)).mul(256).sub(c.sign.mul(32768))])
    b.receive('sign of a half', RANGE15, c.lh, [c.a0.sub(c.sign.mul(32768))])
    writeRegister(b, cycle, c.rd, [c.p0, c.p1], [c.a0, c.sign.mul(0xffff)], c.tp3)
  },
  rows: rowsOf('load-narrow'),
  fill(c, run) {
    const rows = putFrame(run, 'load-narrow', c, [c.rd, c.rs1, c.imm])
    const base = gather(run, rows, 'rs1Value')
    const addr = gather(run, rows, 'memAddr')
    const op = romField(run, rows, 3)
    putLimbs(base, c.b0, c.b1)
    putWrap(base, c.wrap)
    gatherLimbs(run, rows, 'memBefore', c.m0, c.m1)
    const flags = [c.lb, c.lbu, c.lh, c.lhu]
    for (let r = 0; r < rows.count; r++) {
      flags[op[r]][r] = 1
      c.hi[r] = (addr[r] >> 1) & 1
      c.lo[r] = addr[r] & 1
      const half = c.hi[r] === 1 ? c.m1[r] : c.m0[r]
      c.y0[r] = half & 255
      c.y1[r] = half >> 8
      const value = op[r] >= 2 ? half : c.lo[r] === 1 ? c.y1[r] : c.y0[r]
      if (op[r] === 0) c.sign[r] = value >> 7
      if (op[r] === 2) c.sign[r] = value >> 15
      c.a0[r] = value + (op[r] === 0 ? 0xff00 * c.sign[r] : 0)
    }
  },
})
