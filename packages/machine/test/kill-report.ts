import type { Chip } from '../../stark/src/air/chip.ts'
import type { Run } from '../src/run.ts'

/**
 * How an item was shown to be needed: what the check accepts without it and refuses with it, or the reverse for `run`.
 *
 * row: a row that receives what an honest row receives; input: a row that also receives something else; run: an honest
 * run, which balances with the message only; rom: a run of one program against the ROM of another; table: an honest run,
 * and a wrong count.
 */
export const WAYS = ['row', 'input', 'run', 'rom', 'table'] as const
export type Way = (typeof WAYS)[number]

/** By chip, then by constraint or message. */
export type Kills = ReadonlyMap<string, ReadonlyMap<string, Way>>

export interface Report {
  readonly lines: readonly string[]
  readonly killed: number
  readonly total: number
  /** `chip: item` of what no test kills. */
  readonly alive: readonly string[]
}

export function report(chips: readonly Chip<Run>[], kills: Kills): Report {
  const wayOf = (c: Chip<Run>, name: string): Way | undefined => kills.get(c.name)?.get(name)
  const items = (c: Chip<Run>): string[] => [...c.constraints, ...c.messages].map((i) => i.name)
  const score = (c: Chip<Run>, of: readonly { readonly name: string }[]): string =>
    `${of.filter((i) => wayOf(c, i.name) !== undefined).length}/${of.length}`
  const rows = chips.map((c) => [
    c.name,
    score(c, c.constraints),
    score(c, c.messages),
    ...WAYS.map((way) => String(items(c).filter((n) => wayOf(c, n) === way).length)),
  ])
  const all = chips.flatMap((c) => items(c).map((name) => ({ chip: c, name })))
  const alive = all.filter((i) => wayOf(i.chip, i.name) === undefined).map((i) => `${i.chip.name}: ${i.name}`)
  const total = all.length
  const killed = total - alive.length
  const table = [['chip', 'constraints', 'messages', ...WAYS], ...rows]
  const widths = table[0].map((_, j) => Math.max(...table.map((r) => r[j].length)))
  const lines = table.map((r) => r.map((cell, j) => cell.padEnd(widths[j])).join(' | '))
  return { lines: [...lines, `killed ${killed} / ${total}`], killed, total, alive }
}
