import { instruction } from './access.ts'
import { CALL, CALL_BUS } from './buses.ts'
import { FAMILY } from './families.ts'
import { machineChip } from './machine-chip.ts'

export const callChip = machineChip({
  name: 'call',
  doc: 'An audited host call: fetched as an ecall, it goes on where the log says. Its effects are rows of their own.',
  columns: {
    en: 'bool',
    pc: 'fetch',
    clk: 'state',
    next: 'call',
  },
  constrain(c, b) {
    instruction(b, c, FAMILY.ecall, [], c.next)
    b.send('call', CALL_BUS, c.en, [c.clk, CALL.audited, c.pc, c.next])
  },
  rows: (run) => run.audited.length,
  fill(c, { audited }) {
    c.en.fill(1, 0, audited.length)
    audited.forEach((call, i) => {
      c.pc[i] = call.pc
      c.clk[i] = call.clk
      c.next[i] = call.nextPc
    })
  },
})
