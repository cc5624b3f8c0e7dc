import { REGISTERS } from '@vouch/engine/assembler'
import { misuse } from './cli-error.ts'

/** ABI names, then the slots of the trace that no instruction names. */
const NAMES = [...REGISTERS, 'sink', 'public-cursor', 'journal-cursor', 'charged-cycles']

export function registerName(slot: number): string {
  return NAMES[slot] ?? `slot ${slot}`
}

/** The slot of 'x10', 'a0' or 'fp'. Throws `CliError` (misuse). */
export function parseRegister(flag: string, text: string): number {
  const name = text === 'fp' ? 's0' : text
  const slot = /^x([0-9]|[12][0-9]|3[01])$/.test(name) ? Number(name.slice(1)) : NAMES.indexOf(name)
  if (slot < 0) throw misuse('cli/value', `${flag}: expected a register such as x10 or a0`)
  return slot
}
