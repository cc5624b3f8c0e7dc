import { hostFaults } from './forgery-host-faults.ts'
import type { Fault } from './forgery-programs.ts'
import { orderFaults, tableFaults } from './forgery-row-faults.ts'
import { executedFaults, portFaults } from './forgery-run-faults.ts'

/** Every fault runs on through the rest of the trace, and look-up counts follow it. */
export const FAULTS: readonly Fault[] = [
  ...executedFaults,
  ...portFaults,
  ...orderFaults,
  ...tableFaults,
  ...hostFaults,
]
