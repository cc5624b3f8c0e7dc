import type { Halt } from '@vouch/engine'
import { address } from './format.ts'

/** A halt for `--json`; addresses in hex. */
export function haltDocument(halt: Halt): Record<string, unknown> {
  return {
    ...halt,
    pc: address(halt.pc),
    ...('address' in halt && halt.address !== undefined ? { address: address(halt.address) } : {}),
  }
}
