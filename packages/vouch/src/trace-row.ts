import { callName } from '@vouch/bridge'
import { describeHalt } from '@vouch/engine'
import type { TraceRow } from '@vouch/engine'
import { address, plain } from './format.ts'
import { haltDocument } from './halt-document.ts'
import { registerName } from './registers.ts'

/** Accesses to memory in a line; one call may have thousands. */
const MOST_SHOWN = 8

/** One cycle as a line: clk, pc, the instruction, then each access; `before -> after` for writes. */
export function rowLine(row: TraceRow): string {
  const call = callOf(row)
  const parts = [
    String(row.clk).padStart(9),
    address(row.pc),
    row.word === undefined ? '????????' : row.word.toString(16).padStart(8, '0'),
    (row.name ?? '?').padEnd(6),
    ...(call === undefined ? [] : [call]),
    ...row.registers.map(({ register, kind, before, after }) =>
      access(registerName(register), kind, before, after),
    ),
    ...row.memory
      .slice(0, MOST_SHOWN)
      .map(({ addr, offset, count, kind, before, after }) =>
        access(`[${address(addr + offset)}]:${count}`, kind, before, after),
      ),
    ...(row.memory.length > MOST_SHOWN ? [`… and ${row.memory.length - MOST_SHOWN} more`] : []),
    ...(row.halt === undefined ? [] : [plain(describeHalt(row.halt))]),
  ]
  return parts.join('  ').trimEnd()
}

/** The system call of an ecall; one that only a manifest names is shown by its number. */
function callOf({ name, registers }: TraceRow): string | undefined {
  const a7 = name === 'ecall' ? registers.find(({ register }) => register === 17) : undefined
  return a7 === undefined ? undefined : callName(a7.after, {})
}

function access(name: string, kind: 'read' | 'write', before: number, after: number): string {
  return kind === 'read' ? `${name}=${hex(after)}` : `${name}: ${hex(before)} -> ${hex(after)}`
}

function hex(value: number): string {
  return '0x' + (value >>> 0).toString(16)
}

/** One cycle for `--json`. */
export function rowDocument(row: TraceRow): Record<string, unknown> {
  const call = callOf(row)
  return {
    ...row,
    pc: address(row.pc),
    ...(row.word === undefined ? {} : { word: address(row.word) }),
    ...(call === undefined ? {} : { call }),
    registers: row.registers.map((r) => ({ ...r, register: registerName(r.register) })),
    memory: row.memory.map((m) => ({ ...m, addr: address(m.addr) })),
    ...(row.halt === undefined ? {} : { halt: haltDocument(row.halt) }),
  }
}
