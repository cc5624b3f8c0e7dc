import type { Run } from './run.ts'
import { chip } from '@vouch/stark'
import type { Chip, ChipSource } from '@vouch/stark'

/** The machine's public values, by position. */
export const PUBLICS = ['publicLength'] as const

/** `chip` with the machine's `Run` and publics. */
export const machineChip = <N extends string, Q extends string = never>(
  source: ChipSource<N, Q, Run>,
): Chip<Run> => chip(source, PUBLICS)
