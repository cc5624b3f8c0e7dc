import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseElf, run } from '@vouch/engine'
import { bridge, openLog, replay } from '@vouch/bridge'

const folder = new URL('syscalls/', import.meta.url)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** What calls that fault half-way send to the journal before the rows. */
const PREFIX = 'edgeve'
const ROW_BYTES = 16

it('the boot set gives a guest what Linux gives, also when it is replayed', () => {
  const source = readFileSync(new URL('main.c', folder), 'utf8').split('\n')
  const publicInput = text('ABCDEFGHIJKLMNOP')
  const host = bridge({
    privateInput: text('0123456789abcdef'),
    publicInput,
    onConsole: () => expect.unreachable('the guest prints nothing'),
  })
  const { halt } = run(parseElf(readFileSync(new URL('guest.elf', folder))), host)
  expect(halt).toMatchObject({ kind: 'exit', code: 0 })

  const journal = Buffer.from(host.journal())
  expect(journal.subarray(0, PREFIX.length).toString()).toBe(PREFIX)
  const rows = journal.subarray(PREFIX.length)
  expect(rows.length % ROW_BYTES).toBe(0)
  expect(rows.length / ROW_BYTES).toBeGreaterThanOrEqual(128)
  const wrong: string[] = []
  for (let at = 0; at < rows.length; at += ROW_BYTES) {
    const [line, , result, linux] = [0, 4, 8, 12].map((offset) => rows.readInt32LE(at + offset))
    if (result !== linux) wrong.push(`main.c:${line}: ${result}, Linux ${linux}: ${source[line - 1].trim()}`)
  }
  expect(wrong).toEqual([])

  const log = openLog(host.auditBytes()!)
  if (!log.ok) throw new Error(log.failure.message)
  const replayed = replay(log, { publicInput })
  if (!replayed.ok) throw new Error(replayed.failure.message)
  expect(Buffer.from(replayed.journal).equals(journal)).toBe(true)
  expect(replayed.exit).toMatchObject({ code: 0 })
})
