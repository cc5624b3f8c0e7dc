import { misuse } from './cli-error.ts'

/** ABI names, RISC-V calling convention; then the slots of the trace that no instruction names. */
const NAMES = [
  ...['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1'],
  ...['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'],
  ...['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6'],
  ...['sink', 'public-cursor', 'journal-cursor'],
]

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
