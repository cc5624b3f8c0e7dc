import { accessWord, address, instruction, readRegister } from './access.ts'
import { limb } from './bitwise.ts'
import { BITWISE } from './buses.ts'
import { FAMILY } from './families.ts'
import { gather, gatherLimbs, putFrame, putLimbs, romField, rowsOf } from './fill.ts'
import { putWrap } from './jalr.ts'
import { machineChip } from './machine-chip.ts'

export const storeNarrowChip = machineChip({
  name: 'store-narrow',
  doc: 'SB, SH: a byte or limb of the word at address - 2·hi - lo is replaced, the rest stays.',
  columns: {
    sb: 'bool',
    sh: 'bool',
    pc: 'fetch',
    clk: 'state',
    rs1: 'fetch',
    rs2: 'fetch',
    imm: 'fetch',
    tp1: 'rs1 time',
    tp2: 'rs2 time',
    tpm: 'memory time',
    b0: 'rs1 before',
    b1: 'rs1 before',
    wrap: 'bool',
    hi: 'bool',
    lo: 'bool',
    x0: 'bytes of c',
    x1: 'bytes of c',
    c1: 'rs2 before',
    q0: 'memory before',
    q1: 'memory before',
    y0: 'bytes of the old limb',
    y1: 'bytes of the old limb',
    n: 'new limb',
  },
  constrain(c, b) {
    const en = c.sb.add(c.sh)
    const cycle = { ...c, en }
    const stored = limb(c.x0, c.x1)
    b.zero('one kind', c.sb.mul(c.sh))
    instruction(b, cycle, FAMILY['store-narrow'], [c.rs1, c.rs2, c.imm, c.sh], c.pc.add(4))
    readRegister(b, 'rs1', cycle, c.rs1, [c.b0, c.b1], c.tp1)
    readRegister(b, 'rs2', cycle, c.rs2, [stored, c.c1], c.tp2)
    b.receive('bytes of c', BITWISE, en, [0, c.x0, c.x1, 0])
    b.receive('bytes of the old limb', BITWISE, en, [0, c.y0, c.y1, 0])
    b.zero('halves are aligned', c.sh.mul(c.lo))
    // On a padding row, `hi` would write a word and take another from nowhere.
    b.zero('hi only if enabled', c.hi.mul(en.not()))
    b.zero('the limb is selected', c.q0.add(c.hi.mul(c.q1.sub(c.q0))).sub(limb(c.y0, c.y1)))
    const low = limb(c.x0, c.y1)
    const high = limb(c.y0, c.x0)
    b.zero(
      'new limb',
      c.sb
        .mul(low.add(c.lo.mul(high.sub(low))))
        .add(c.sh.mul(stored))
        .sub(c.n),
    )
    const word = address(b, cycle, [c.b0, c.b1], c.wrap, c.imm).sub(c.hi.mul(2)).sub(c.lo)
    const after = {
      'in the low half': { flag: en.sub(c.hi), value: [c.n, c.q1] },
      'in the high half': { flag: c.hi, value: [c.q0, c.n] },
    } as const
    accessWord(b, cycle, word, [c.q0, c.q1], after, c.tpm)
  },
  rows: rowsOf('store-narrow'),
  fill(c, run) {
    const rows = putFrame(run, 'store-narrow', c, [c.rs1, c.rs2, c.imm])
    const base = gather(run, rows, 'rs1Value')
    const value = gather(run, rows, 'rs2Value')
    const addr = gather(run, rows, 'memAddr')
    const after = gather(run, rows, 'memAfter')
    const isHalf = romField(run, rows, 3)
    putLimbs(base, c.b0, c.b1)
    putWrap(base, c.wrap)
    gatherLimbs(run, rows, 'memBefore', c.q0, c.q1)
    for (let r = 0; r < rows.count; r++) {
      c.sb[r] = 1 - isHalf[r]
      c.sh[r] = isHalf[r]
      c.hi[r] = (addr[r] >> 1) & 1
      c.lo[r] = addr[r] & 1
      c.x0[r] = value[r] & 255
      c.x1[r] = (value[r] >> 8) & 255
      c.c1[r] = value[r] >>> 16
      const old = c.hi[r] === 1 ? c.q1[r] : c.q0[r]
      c.y0[r] = old & 255
      c.y1[r] = old >> 8
      c.n[r] = c.hi[r] === 1 ? after[r] >>> 16 : after[r] & 0xffff
    }
  },
})
