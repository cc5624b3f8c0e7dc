import { readFile, stat, writeFile } from 'node:fs/promises'
import { assembleElf } from '@vouch/engine/assembler'
import { beforeAll, describe, expect, it } from 'vitest'
import { example, vouch, workFolder } from './support.ts'
import type { Outcome } from './support.ts'

const folder = workFolder()
const FIBONACCI = example('fibonacci/guest.elf')
const INPUT = ['--public-input', 'hex:0a000000']
/** Prints a byte after more than one chunk of 2^16 rows, then never ends. */
const LONG = `li t0, 100000
count:
addi t0, t0, -1
bne t0, zero, count
li a0, 2
li a1, 0x10000
li a2, 1
li a7, 64
ecall
loop:
j loop`

const inFolder = (args: readonly string[], more: Parameters<typeof vouch>[1] = {}): Promise<Outcome> =>
  vouch(args, { cwd: folder.path(''), ...more })
const json = (outcome: Outcome): Record<string, unknown> =>
  JSON.parse(outcome.stdout) as Record<string, unknown>

beforeAll(async () => {
  const made = await inFolder(['run', FIBONACCI, ...INPUT, '--trace', 'fib.trace', '--json'])
  expect(made).toMatchObject({ status: 0, stdout: expect.stringContaining('"trace":"fib.trace"') })
}, 60_000)

describe('trace', () => {
  it('is written whole, readable by its owner only, and nothing else is left', async () => {
    expect(await folder.names()).toEqual(['fib.trace'])
    expect((await stat(folder.path('fib.trace'))).mode & 0o777).toBe(0o600)
  })

  it('info', async () => {
    const outcome = await inFolder(['trace', 'info', 'fib.trace', '--json'])
    expect(outcome.status).toBe(0)
    expect(json(outcome)).toMatchObject({
      ok: true,
      complete: true,
      lostBytes: 0,
      chunks: 1,
      halt: { kind: 'exit', code: 0 },
    })
    const text = await inFolder(['trace', 'info', 'fib.trace'])
    expect(text.stdout).toMatch(/^check +every chunk is whole$/m)
  })

  it('show', async () => {
    const outcome = await inFolder(['trace', 'show', 'fib.trace', '--from', '2', '--count', '3', '--json'])
    const { ok, rows } = json(outcome) as { ok: boolean; rows: { clk: number; pc: string; name: string }[] }
    expect(ok).toBe(true)
    expect(rows.map((row) => row.clk)).toEqual([2, 3, 4])
    expect(rows[0]).toMatchObject({ pc: '0x00010004', word: '0x80018193', name: 'addi' })
    const text = await inFolder(['trace', 'show', 'fib.trace', '--count', '1'])
    expect(text.stdout).toBe('        1  0x00010000  00002197  auipc   gp: 0x0 -> 0x12000\n')
    const beyond = await inFolder(['trace', 'show', 'fib.trace', '--from', '100000000'])
    expect(beyond).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringMatching(/^the trace ends at cycle \d+\n$/),
    })
  })

  it('show: names the call, and not every word of a long one', async () => {
    const source = `li a1, 0x20000\nli t0, 0x10000\nli t1, 64\nsw t0, 0(a1)\nsw t1, 4(a1)\nli a0, 3\nli a2, 1
      li a7, 66\necall\nli a7, 9999\necall\nli a0, 0\nli a7, 93\necall`
    await writeFile(folder.path('calls.elf'), assembleElf(source))
    expect((await inFolder(['run', 'calls.elf', '--trace', 'calls.trace'])).status).toBe(0)
    const calls = (text: string): string[] => text.split('\n').filter((line) => line.includes('ecall'))
    const { stdout } = await inFolder(['trace', 'show', 'calls.trace', '--count', '40'])
    expect(calls(stdout).map((line) => /ecall +(\S+)/.exec(line)?.[1])).toEqual([
      'writev',
      'syscall_9999',
      'exit',
    ])
    expect(calls(stdout)[0]!.match(/\[0x/g)).toHaveLength(8)
    expect(calls(stdout)[0]).toMatch(/ {2}… and 10 more$/)
    const { rows } = json(await inFolder(['trace', 'show', 'calls.trace', '--json'])) as {
      rows: { call?: string; memory: unknown[] }[]
    }
    const row = rows.find(({ call }) => call === 'writev')
    expect(row?.memory).toHaveLength(18)
    const info = await inFolder(['trace', 'info', 'calls.trace'])
    expect(info.stdout).toMatch(/^audited +2 more, \d+ registers and words touched$/m)
    const charged = await inFolder(['trace', 'find', 'calls.trace', '--reg', 'charged-cycles'])
    expect(charged.stdout).toMatch(/^of +charged-cycles\nlast write +none/)
  })

  it('find', async () => {
    const byName = await inFolder(['trace', 'find', 'fib.trace', '--reg', 'gp', '--before', '2', '--json'])
    expect(json(byName)['lastWrite']).toMatchObject({ clk: 1, kind: 'write', before: 0, after: 0x12000 })
    const byNumber = await inFolder(['trace', 'find', 'fib.trace', '--reg', 'x3', '--before', '2', '--json'])
    expect(byNumber.stdout).toBe(byName.stdout)
    const never = await inFolder(['trace', 'find', 'fib.trace', '--addr', '0x20000000', '--json'])
    expect(json(never)).toEqual({ ok: true, lastAccess: null, lastWrite: null })
    expect((await inFolder(['trace', 'find', 'fib.trace', '--addr', '0x40000000'])).status).toBe(2)
  })

  it('replay agrees with the same inputs and names the first difference with others', async () => {
    const same = await inFolder(['trace', 'replay', 'fib.trace', '--elf', FIBONACCI, ...INPUT, '--json'])
    expect(same.status).toBe(0)
    expect(json(same)).toMatchObject({ ok: true, complete: true, difference: null })
    const args = ['trace', 'replay', 'fib.trace', '--elf', FIBONACCI, '--public-input', 'hex:0b000000']
    const other = await inFolder([...args, '--json'])
    expect(other.status).toBe(1)
    expect(json(other)).toMatchObject({
      ok: false,
      difference: { clk: expect.any(Number), field: expect.any(String), expected: 10, got: 11 },
    })
    expect((await inFolder(args)).stdout).toMatch(/^replay +DIFFERENT at cycle \d+\n/)
    const wrong = await inFolder([
      'trace',
      'replay',
      'fib.trace',
      '--elf',
      example('echo/guest.elf'),
      '--json',
    ])
    expect(wrong.status).toBe(2)
    expect(json(wrong)).toMatchObject({ ok: false, error: { code: 'trace/program' } })
  })

  it('a changed byte is damage, a cut file is not', async () => {
    const bytes = await readFile(folder.path('fib.trace'))
    const flipped = Uint8Array.from(bytes)
    flipped[flipped.length >> 1]! ^= 1
    await writeFile(folder.path('flipped'), flipped)
    const damaged = await inFolder(['trace', 'info', 'flipped', '--json'])
    expect(damaged.status).toBe(1)
    expect(json(damaged)).toMatchObject({ ok: false, error: { code: 'trace/checksum', chunk: 0 } })
    expect((await inFolder(['trace', 'show', 'flipped'])).status).toBe(1)
    await writeFile(folder.path('cut'), bytes.subarray(0, bytes.length - 1))
    const cut = await inFolder(['trace', 'info', 'cut', '--json'])
    expect(cut.status).toBe(0)
    expect(json(cut)).toMatchObject({ ok: true, complete: false, chunks: 1 })
    await writeFile(folder.path('text'), 'no trace at all, but long enough to be looked at')
    const text = await inFolder(['trace', 'info', 'text', '--json'])
    expect(text.status).toBe(2)
  })

  it('a killed run leaves its whole chunks, a cancelled one nothing', async () => {
    await writeFile(folder.path('long.elf'), assembleElf(LONG))
    const before = await folder.names()
    const args = ['run', 'long.elf', '--trace', 'long.trace', '--max-cycles', '20000000']
    const interruptWhen = (stderr: string): boolean => stderr.length > 0
    const cancelled = await inFolder(args, { interruptWhen })
    expect(cancelled.status).toBe(130)
    expect(await folder.names()).toEqual(before)
    await inFolder(args, { interruptWhen, signal: 'SIGKILL' })
    expect(await folder.names()).toEqual([...before, 'long.trace.partial'].sort())
    const info = json(await inFolder(['trace', 'info', 'long.trace.partial', '--json']))
    expect(info).toMatchObject({ ok: true, complete: false })
    expect(info['chunks']).toBeGreaterThanOrEqual(1)
    const replayed = await inFolder(['trace', 'replay', 'long.trace.partial', '--elf', 'long.elf', '--json'])
    expect(json(replayed)).toMatchObject({ ok: true, complete: false, cycles: info['cycles'] })
  })

  it('a trace that cannot be written fails before the run', async () => {
    for (const path of ['missing/x.trace', '.', '/dev/null', FIBONACCI]) {
      const outcome = await inFolder(['run', FIBONACCI, ...INPUT, '--trace', path])
      expect(outcome).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringMatching(/^error: --trace[: ]/),
      })
    }
  })

  it('ends quietly when the reader of the output is gone', async () => {
    const { spawnSync } = await import('node:child_process')
    const bin = new URL('../bin/vouch.js', import.meta.url).pathname
    const line = `'${process.execPath}' '${bin}' trace show fib.trace --count 100000 | head -n 1`
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', line], { cwd: folder.path(''), encoding: 'utf8' })
    expect({ lines: stdout.split('\n').length, stderr }).toEqual({ lines: 2, stderr: '' })
  })
})
