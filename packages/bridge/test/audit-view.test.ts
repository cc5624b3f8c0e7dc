import { describe, expect, it } from 'vitest'
import { openLog } from '../src/audit-open.ts'
import type { OpenedLog } from '../src/audit-open.ts'
import { diffLogs, diffRecords, grepLog, recordJson, straceLine } from '../src/audit-view.ts'
import { parseManifest } from '../src/manifest.ts'
import type { AuditRecord, Section } from '../src/record.ts'
import { bareRecord, logOf, random, randomRecord, shownSection } from './audit-support.ts'

const NAMES: Readonly<Record<number, string>> = { 63: 'read', 93: 'exit', 172: 'getpid' }
const ARGS: Readonly<Record<number, number>> = { 63: 3, 93: 1, 172: 0 }
const names = {
  nameOf: (number: number) => NAMES[number],
  argsOf: (number: number) => ARGS[number],
  errnoOf: (errno: number) => (errno === 14 ? 'EFAULT' : undefined),
}
const HIDDEN: Section = {
  kind: 'copyout',
  address: 0x20000,
  length: 11,
  hidden: true,
  digest: new Uint8Array(32),
}
const READ: AuditRecord = {
  ...bareRecord(0),
  clk: 77,
  number: 63,
  args: [0, 0x20000, 16, 0, 0, 0],
  result: 11,
}

const open = (records: readonly AuditRecord[], manifest = '{"version":1}'): OpenedLog =>
  openLog(logOf(records, parseManifest(manifest))) as OpenedLog

describe('views of a log', () => {
  it.each<[Partial<AuditRecord>, string]>([
    [{}, '[77] read(0, 0x20000, 16) = 11'],
    [{ class: 'A', sections: [HIDDEN] }, '[77] read(0, 0x20000, 16) = 11 <private>'],
    [{ class: 'A' }, '[77] read(0, 0x20000, 16) = 11 <advice>'],
    [
      { result: -14, errno: 14, outcome: 'abort', fault: 'absent', faultAddress: 0x21000 },
      '[77] read(0, 0x20000, 16) = -14 EFAULT <absent at 0x21000>',
    ],
    [
      { result: -1, errno: 1, outcome: 'deny', fault: 'capability' },
      '[77] read(0, 0x20000, 16) = -1 errno 1 <denied>',
    ],
    [{ outcome: 'partial', result: 4 }, '[77] read(0, 0x20000, 16) = 4 <partial>'],
    [{ args: [0xffffff9c, 0, 0, 0, 0, 0] }, '[77] read(-100, 0, 0) = 11'],
    [{ number: 93, args: [3, 0, 0, 0, 0, 0], outcome: 'noreturn', nextPc: 0 }, '[77] exit(3) = ?'],
    [{ number: 172, args: [0, 0, 0, 0, 0, 0], result: 1 }, '[77] getpid() = 1'],
    [
      { number: 9999, args: [5, 0, 6, 0, 0, 0], result: -38, errno: 38 },
      '[77] syscall_9999(5, 0, 6) = -38 errno 38',
    ],
    [{ result: -0x7fff0000 }, '[77] read(0, 0x20000, 16) = 0x80010000'],
    [{ charged: 5, nextPc: 0x10040 }, '[77] read(0, 0x20000, 16) = 11 <charged 5> <goes to 0x10040>'],
  ])('a line %#', (change, line) => {
    expect(straceLine({ ...READ, ...change }, names)).toBe(line)
  })

  it('no control character reaches a terminal', () => {
    const line = straceLine(READ, { nameOf: () => 'a\u001b[2J\nb\u202e' })
    expect(line).toBe('[77] a?[2J?b?(0, 0x20000, 16) = 11')
  })

  it('JSON has the names of the fields and hex for bytes', () => {
    const sections = [shownSection('copyin', 64, Uint8Array.of(1, 255))]
    const text = recordJson({ ...READ, sections }, names.nameOf)
    expect(text).not.toContain('\n')
    const { name, ...fields } = JSON.parse(text) as Record<string, unknown>
    expect(name).toBe('read')
    expect(Object.keys(fields)).toEqual(Object.keys(READ))
    expect(fields).toMatchObject({
      args: READ.args,
      kernelRoot: '00'.repeat(32),
      sections: [{ payload: '01ff' }],
    })
    expect(JSON.parse(recordJson(READ))).not.toHaveProperty('name')
  })

  it('differences name their fields; salts do not count', () => {
    const r = random(5)
    const record = randomRecord(r, 3)
    expect(diffRecords(record, record)).toEqual([])
    expect(diffRecords(READ, { ...READ, result: 12, args: [0, 0x20000, 17, 0, 0, 0] })).toEqual([
      { field: 'result', a: 11, b: 12 },
      { field: 'args[2]', a: 16, b: 17 },
    ])
    const salted = { ...HIDDEN, digest: new Uint8Array(32).fill(1) }
    expect(diffRecords({ ...READ, sections: [HIDDEN] }, { ...READ, sections: [salted] })).toEqual([])
    expect(
      diffRecords({ ...READ, sections: [HIDDEN] }, { ...READ, sections: [{ ...salted, length: 10 }] }),
    ).toEqual([{ field: 'sections[0].length', a: 11, b: 10 }])
    expect(diffRecords({ ...READ, sections: [HIDDEN] }, READ)).toEqual([
      { field: 'sections.length', a: 1, b: 0 },
    ])
  })

  it('logs differ at their first other record, in length, or in their manifest', () => {
    const records = [0, 1, 2, 3].map(bareRecord)
    const log = open(records)
    expect(diffLogs(log, open(records))).toBeUndefined()
    const changed = records.map((record, i) => (i >= 2 ? { ...record, result: 2 } : record))
    expect(diffLogs(log, open(changed))).toEqual({ seq: 2, fields: [{ field: 'result', a: 1, b: 2 }] })
    expect(diffLogs(log, open(records.slice(0, 3)))).toEqual({
      seq: 3,
      fields: [{ field: 'records', a: 4, b: 3 }],
    })
    expect(diffLogs(log, open(records, '{"version":1,"atomic":"linux"}'))).toMatchObject({
      fields: [{ field: 'manifestDigest' }],
    })
  })

  it('grep meets all conditions', () => {
    const { records } = open([
      { ...READ, seq: 0 },
      { ...READ, seq: 1, errno: 14, outcome: 'abort' },
      { ...bareRecord(2), pc: 0x20000, class: 'A' },
      { ...bareRecord(3), outcome: 'deny', errno: 1 },
    ])
    const found = (query: Parameters<typeof grepLog>[1]): number[] =>
      grepLog(records, query, names.nameOf).map(({ seq }) => seq)
    expect(found({})).toEqual([0, 1, 2, 3])
    expect(found({ name: 'read' })).toEqual([0, 1])
    expect(found({ name: 'read', errno: 14 })).toEqual([1])
    expect(found({ number: 172 })).toEqual([2, 3])
    expect(found({ outcome: 'deny' })).toEqual([3])
    expect(found({ class: 'A' })).toEqual([2])
    expect(found({ pcFrom: 0x10001 })).toEqual([2])
    expect(found({ pcTo: 0x1ffff, errno: 0 })).toEqual([0])
    expect(found({ name: 'write' })).toEqual([])
  })
})
