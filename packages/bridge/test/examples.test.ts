import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseElf, run, trace } from '@vouch/engine'
import type { Trace } from '@vouch/engine'
import { bridge, openLog, replay } from '@vouch/bridge'

const root = new URL('../../../guest-examples/', import.meta.url)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Of all that a trace says; its chunks have zeros behind their rows. */
function digestOf(made: Trace): string {
  const hash = createHash('sha256')
  const add = (value: unknown): void => {
    if (value instanceof Uint32Array) hash.update(value)
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(add)
    else hash.update(`${value};`)
  }
  add(made)
  return hash.digest('hex')
}

interface Example {
  readonly privateInput: string
  readonly publicInput: string
  readonly expectedJournal: string
  readonly expectedConsole: string
  readonly expectedExitCode: number
  readonly instructions: number
}

const names = readdirSync(root, { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('example.json'))
  .map((path) => path.slice(0, -'/example.json'.length))

describe('the guest examples', () => {
  it('are there', () => expect(names.length).toBeGreaterThanOrEqual(5))

  for (const name of names)
    it(name, () => {
      const folder = new URL(`${name}/`, root)
      const example = JSON.parse(readFileSync(new URL('example.json', folder), 'utf8')) as Example
      const input = (text: string): Uint8Array =>
        text.startsWith('file:')
          ? readFileSync(new URL(text.slice(5), folder))
          : Buffer.from(text.replace('hex:', ''), 'hex')
      const program = parseElf(readFileSync(new URL('guest.elf', folder)))
      const engines = ['interpreter', 'compiled'] as const
      const columns: string[] = []
      for (const [start, engine] of [run, trace].flatMap((f) => engines.map((e) => [f, e] as const))) {
        const shown: Uint8Array[] = []
        const host = bridge({
          privateInput: input(example.privateInput),
          publicInput: input(example.publicInput),
          onConsole: (_, bytes) => shown.push(bytes),
        })
        const result = start(program, host, { engine })
        const { halt } = result
        if ('trace' in result) columns.push(digestOf(result.trace))
        expect({ kind: halt.kind, cycle: halt.cycle }).toEqual({ kind: 'exit', cycle: example.instructions })
        expect(halt).toMatchObject({ code: example.expectedExitCode })
        expect(hex(host.journal())).toBe(example.expectedJournal)
        expect(hex(Buffer.concat(shown))).toBe(example.expectedConsole)
        const log = openLog(host.auditBytes()!)
        if (!log.ok) throw new Error(log.failure.message)
        const replayed = replay(log, { publicInput: input(example.publicInput) })
        if (!replayed.ok) throw new Error(replayed.failure.message)
        expect(hex(replayed.journal)).toBe(example.expectedJournal)
        expect(replayed.exit).toEqual({ clk: example.instructions, code: example.expectedExitCode })
      }
      expect(columns[1]).toBe(columns[0])
    })
})
