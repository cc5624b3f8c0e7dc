import { readFile, writeFile } from 'node:fs/promises'
import {
  CLASSES,
  createLog,
  DEFAULT_MANIFEST,
  memorySink,
  openLog,
  OUTCOMES,
  parseManifest,
} from '@vouch/bridge'
import type { AuditRecord, OpenedLog } from '@vouch/bridge'
import { beforeAll, describe, expect, it } from 'vitest'
import { CLASS_NAMES, OUTCOME_NAMES } from '../src/cli-audit.ts'
import { toHex } from '../src/format.ts'
import { example, vouch, workFolder } from './support.ts'
import type { Outcome } from './support.ts'

const folder = workFolder()
const FIBONACCI = example('fibonacci/guest.elf')
const INPUT = ['--public-input', 'hex:0a000000']

const GETPID: AuditRecord = {
  seq: 0,
  clk: 10,
  pc: 0x10000,
  nextPc: 0x10004,
  number: 172,
  args: [0, 0, 0, 0, 0, 0],
  result: 1,
  errno: 0,
  class: 'D',
  outcome: 'commit',
  direct: false,
  requested: 0,
  done: 0,
  charged: 0,
  fault: 'none',
  faultAddress: 0xffffffff,
  epoch: 0,
  privateCursor: 0,
  publicCursor: 0,
  journalCursor: 0,
  kernelRoot: new Uint8Array(32),
  sections: [],
}
const RECORDS: readonly AuditRecord[] = [
  GETPID,
  {
    ...GETPID,
    seq: 1,
    clk: 20,
    pc: 0x10010,
    nextPc: 0x10014,
    number: 63,
    args: [0, 0x20000, 16, 0, 0, 0],
    result: 11,
    class: 'A',
    sections: [{ kind: 'copyout', address: 0x20000, length: 11, hidden: true, digest: new Uint8Array(32) }],
  },
  {
    ...GETPID,
    seq: 2,
    clk: 30,
    number: 63,
    args: [0, 0x40000000, 16, 0, 0, 0],
    result: -14,
    errno: 14,
    outcome: 'abort',
    fault: 'range',
    faultAddress: 0x40000000,
  },
  {
    ...GETPID,
    seq: 3,
    clk: 40,
    number: 9999,
    args: [5, 0, 0, 0, 0, 0],
    result: -1,
    errno: 1,
    outcome: 'deny',
    fault: 'capability',
  },
  { ...GETPID, seq: 4, clk: 50, number: 93, outcome: 'noreturn', nextPc: 0, direct: true },
]

function logOf(records: readonly AuditRecord[], manifest = DEFAULT_MANIFEST): Uint8Array {
  const sink = memorySink()
  const log = createLog(manifest, sink)
  for (const record of records) {
    log.prepare(record)
    log.commit()
  }
  return sink.bytes()
}

const LOG = logOf(RECORDS)
const OPENED = openLog(LOG) as OpenedLog
const ROOT = toHex(OPENED.root)

const audit = (...args: readonly string[]): Promise<Outcome> =>
  vouch(['audit', ...args], { cwd: folder.path('') })
const json = (outcome: Outcome): Record<string, unknown> =>
  JSON.parse(outcome.stdout) as Record<string, unknown>
const lines = ({ stdout }: Outcome): string[] => stdout.split('\n').slice(0, -1)
const seqs = (outcome: Outcome): unknown[] =>
  lines(outcome).map((line) => (JSON.parse(line) as { seq: unknown }).seq)

beforeAll(async () => {
  const damaged = LOG.slice()
  damaged[LOG.length - 20]! ^= 1
  for (const [name, bytes] of [
    ['log', LOG],
    ['cut', LOG.subarray(0, LOG.length - 3)],
    ['damaged', damaged],
    ['changed', logOf(RECORDS.map((record, i) => (i === 2 ? { ...record, result: -9, errno: 9 } : record)))],
    ['shorter', logOf(RECORDS.slice(0, 3))],
    ['linux', logOf(RECORDS, parseManifest('{"version":1,"atomic":"linux"}'))],
    ['none', new TextEncoder().encode('no log at all')],
  ] as const)
    await writeFile(folder.path(name), bytes)
})

describe('audit', () => {
  it('offers what the log has', () => {
    expect(OUTCOME_NAMES).toEqual(OUTCOMES)
    expect(CLASS_NAMES).toEqual(CLASSES)
  })

  it('show', async () => {
    const outcome = await audit('show', 'log')
    expect(outcome).toEqual({
      status: 0,
      stderr: '',
      stdout: `[10] getpid() = 1
[20] read(0, 0x20000, 16) = 11 <private>
[30] read(0, 0x40000000, 16) = -14 EFAULT <range at 0x40000000>
[40] syscall_9999(5) = -1 EPERM <denied>
[50] exit(0) = ?
`,
    })
    const some = await audit('show', 'log', '--from', '1', '--count', '2', '--json')
    expect(seqs(some)).toEqual([1, 2])
    expect(JSON.parse(lines(some)[0]!)).toMatchObject({
      clk: 20,
      number: 63,
      name: 'read',
      args: [0, 0x20000, 16, 0, 0, 0],
      sections: [{ kind: 'copyout', hidden: true, digest: '00'.repeat(32) }],
    })
    const beyond = await audit('show', 'log', '--from', '5')
    expect(beyond).toEqual({ status: 0, stdout: '', stderr: 'the log has 5 records\n' })
  })

  it('shows a log that was cut as far as it goes, and says of damage', async () => {
    const cut = await audit('show', 'cut')
    expect(lines(cut).length).toBe(4)
    expect(cut).toMatchObject({ status: 0, stderr: expect.stringMatching(/^the log was cut: \d+ bytes /) })
    const damaged = await audit('show', 'damaged', '--json')
    expect(seqs(damaged)).toEqual([0, 1, 2, 3])
    expect(damaged).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^the log is damaged: .*audit\/hash/),
    })
    const none = await audit('show', 'none', '--json')
    expect(none.status).toBe(2)
    expect(json(none)).toMatchObject({ ok: false, error: { code: 'audit/magic' } })
    expect((await audit('show', 'missing')).status).toBe(2)
  })

  it('verify: the chain', async () => {
    const outcome = await audit('verify', 'log', '--no-replay', '--root', ROOT, '--json')
    expect(outcome.status).toBe(0)
    expect(json(outcome)).toEqual({
      ok: true,
      records: 5,
      root: ROOT,
      manifest: OPENED.manifestDigest,
      denied: 1,
      replayed: false,
    })
    const text = await audit('verify', 'log', '--no-replay')
    expect(text.stdout).toMatch(/^records +5, 1 denied$/m)
    for (const [file, code, seq] of [
      ['cut', 'audit/truncated', 4],
      ['damaged', 'audit/hash', 4],
      ['changed', 'audit/root', undefined],
    ] as const) {
      const rejected = await audit('verify', file, '--no-replay', '--root', ROOT, '--json')
      expect(rejected.status).toBe(1)
      expect((json(rejected) as { failure: unknown }).failure).toMatchObject({
        code,
        ...(seq === undefined ? {} : { seq }),
      })
    }
    const rejected = await audit('verify', 'damaged')
    expect(rejected.stdout).toMatch(/^log +REJECTED\ncheck +audit\/hash\nrecord +4\n/)
    expect((await audit('verify', 'none')).status).toBe(2)
    expect((await audit('verify', 'log', '--root', 'abc')).status).toBe(2)
  })

  it('verify: the calls', async () => {
    const ran = await vouch(['run', FIBONACCI, ...INPUT, '--audit', 'fib.audit', '--json'], {
      cwd: folder.path(''),
    })
    expect(ran).toMatchObject({ status: 0 })
    const good = await audit('verify', 'fib.audit', ...INPUT, '--json')
    expect(good.status).toBe(0)
    expect(json(good)).toMatchObject({ ok: true, replayed: true, denied: 0, exitCode: 0 })
    expect((await audit('verify', 'fib.audit', ...INPUT)).stdout).toMatch(/^log +whole, and replayed$/m)
    const without = await audit('verify', 'fib.audit')
    expect(without).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--public-input: the run read'),
    })
    const other = await audit('verify', 'fib.audit', '--public-input', 'hex:0b000000', '--json')
    expect(other.status).toBe(1)
    expect(json(other)).toMatchObject({ ok: false, failure: { code: expect.stringMatching(/^replay\//) } })
    // T-AU-04: every hash is right, and the result is not what the service gives.
    const { records } = openLog(new Uint8Array(await readFile(folder.path('fib.audit')))) as OpenedLog
    const lie = records.map(({ record }, i) => (i === 0 ? { ...record, result: record.result - 1 } : record))
    await writeFile(folder.path('lie'), logOf(lie))
    const caught = await audit('verify', 'lie', ...INPUT, '--json')
    expect(caught.status).toBe(1)
    expect(json(caught)).toMatchObject({
      ok: false,
      failure: { code: expect.stringMatching(/^replay\//), seq: 0 },
    })
  })

  it('diff', async () => {
    const same = await audit('diff', 'log', 'log', '--json')
    expect(same.status).toBe(0)
    expect(json(same)).toEqual({ ok: true, difference: null })
    expect((await audit('diff', 'log', 'log')).stdout).toMatch(/^the same: 5 records;/)
    const changed = await audit('diff', 'log', 'changed', '--json')
    expect(changed.status).toBe(1)
    expect(json(changed)['difference']).toEqual({
      seq: 2,
      fields: [
        { field: 'result', a: -14, b: -9 },
        { field: 'errno', a: 14, b: 9 },
      ],
    })
    const text = await audit('diff', 'log', 'changed')
    expect(text.stdout).toMatch(/^logs +DIFFERENT at record 2\n/)
    expect(text.stdout).toMatch(/^errno +14 \| 9$/m)
    expect(json(await audit('diff', 'log', 'shorter', '--json'))['difference']).toEqual({
      seq: 3,
      fields: [{ field: 'records', a: 5, b: 3 }],
    })
    expect((await audit('diff', 'log', 'linux')).stdout).toMatch(/^logs +DIFFERENT manifests\n/)
    expect((await audit('diff', 'log', 'damaged')).status).toBe(1)
    expect((await audit('diff', 'none', 'log')).status).toBe(2)
  })

  it.each([
    [
      ['--name', 'read'],
      [1, 2],
    ],
    [['--name', 'read', '--errno', 'efault'], [2]],
    [
      ['--errno', '0'],
      [0, 1, 4],
    ],
    [['--number', '9999'], [3]],
    [['--outcome', 'deny'], [3]],
    [['--class', 'A'], [1]],
    [['--pc', '0x10010'], [1]],
    [['--pc', '0x10000-0x1000f', '--name', 'getpid'], [0]],
  ])('grep %j', async (flags, found) => {
    const outcome = await audit('grep', 'log', ...flags, '--json')
    expect(outcome.status).toBe(0)
    expect(seqs(outcome)).toEqual(found)
  })

  it('grep finds nothing, or is asked nothing', async () => {
    expect(await audit('grep', 'log', '--name', 'write')).toEqual({ status: 1, stdout: '', stderr: '' })
    for (const flags of [
      [],
      ['--errno', 'EWHAT'],
      ['--outcome', 'maybe'],
      ['--class', 'Z'],
      ['--pc', '5-4'],
      ['--pc', '1-2-3'],
      ['--pc', 'x'],
    ])
      expect((await audit('grep', 'log', ...flags)).status, flags.join(' ')).toBe(2)
  })

  it('help has an example for each', async () => {
    for (const name of ['show', 'verify', 'diff', 'grep']) {
      const { status, stdout } = await audit(name, '--help')
      expect(status).toBe(0)
      expect(stdout).toContain(`$ vouch audit ${name} `)
    }
  })
})
