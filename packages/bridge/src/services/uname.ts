import { EFAULT } from '../errno.ts'
import type { Transaction } from '../transaction.ts'

const FIELD_BYTES = 65
/** sysname, nodename, release, version, machine, domainname: libraries look at the first and third. */
const FIELDS = ['Linux', 'vouch', '6.18.0-vouch', '#1', 'riscv32', '(none)']

const UTSNAME = new Uint8Array(FIELDS.length * FIELD_BYTES)
FIELDS.forEach((text, i) => UTSNAME.set(new TextEncoder().encode(text), i * FIELD_BYTES))

export function uname(tx: Transaction, buffer: number): number {
  return tx.storeBytes(buffer, UTSNAME) < 0 ? -EFAULT : 0
}
