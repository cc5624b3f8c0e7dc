import type { Run } from './run.ts'
import { chip } from '@vouch/stark'
import type { Chip, ChipSource } from '@vouch/stark'

/** The machine's public values, by position. */
/** `audited` is 1 when the statement comes with an audit log of all host calls, else 0. */
export const PUBLICS = ['publicLength', 'audited'] as const

/** `chip` with the machine's `Run` and publics. */
export const machineChip = <N extends string, Q extends string = never>(
  source: ChipSource<N, Q, Run>,
): Chip<Run> => chip(source, PUBLICS)
