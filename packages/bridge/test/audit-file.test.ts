import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 as portable } from '@vouch/hash'
import { afterAll, expect, it } from 'vitest'
import { AuditError } from '../src/audit-error.ts'
import { createAuditFile, nativeSha256, resumeAuditFile } from '../src/audit-file.ts'
import { createLog, framedBytes } from '../src/audit-log.ts'
import type { AuditSink } from '../src/audit-log.ts'
import { openLog } from '../src/audit-open.ts'
import { DEFAULT_MANIFEST, parseManifest } from '../src/manifest.ts'
import type { AuditRecord } from '../src/record.ts'
import { bareRecord, logOf, random, randomRecord, shownSection } from './audit-support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vouch-audit-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'run.audit')
const r = random(4)
const records = Array.from({ length: 12 }, (_, seq) => randomRecord(r, seq))
const valid = logOf(records)

function write(sink: AuditSink, list: readonly AuditRecord[] = records): void {
  const log = createLog(DEFAULT_MANIFEST, sink)
  for (const record of list) {
    log.prepare(record)
    log.commit()
  }
}

function errorOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return 'none'
}

it('writes what the memory sink holds, readable by its owner only', () => {
  writeFileSync(path, 'something else', { mode: 0o644 })
  const sink = createAuditFile(path, { fsync: true })
  expect(statSync(path)).toMatchObject({ size: 0 })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  write(sink)
  expect(statSync(path).size).toBe(0)
  sink.flush()
  expect(new Uint8Array(readFileSync(path))).toEqual(valid)
  sink.append(Uint8Array.of(1))
  sink.close()
  expect(readFileSync(path).length).toBe(valid.length + 1)
})

it('keeps the order of small and large appends', () => {
  const payload = r.bytes(200_001)
  const list = Array.from({ length: 40 }, (_, seq) => ({
    ...bareRecord(seq),
    sections: [shownSection('copyout', 4096, payload.subarray(0, seq % 3 === 0 ? 5 * seq + 1 : 5000 * seq))],
  }))
  const sink = createAuditFile(path)
  write(sink, list)
  sink.close()
  expect(Buffer.from(logOf(list)).equals(readFileSync(path))).toBe(true)
})

it('a run that is cut anywhere goes on to the same file', () => {
  for (let length = 0; length <= valid.length; length += length < 700 ? 1 : 13) {
    writeFileSync(path, valid.subarray(0, length))
    const { records: known, sink } = resumeAuditFile(path)
    expect(known).toEqual(records.slice(0, known.length))
    expect(statSync(path).size).toBeLessThanOrEqual(length)
    write(sink)
    sink.close()
    expect(readFileSync(path).equals(valid), `cut at ${length}`).toBe(true)
  }
})

it('a run that is cut again while it repeats itself loses nothing', () => {
  writeFileSync(path, valid)
  const { records: known, sink } = resumeAuditFile(path)
  expect(known.length).toBe(records.length)
  write(sink, records.slice(0, 5))
  sink.close()
  expect(readFileSync(path).equals(valid)).toBe(true)
})

it('audit/resume: another run is refused where it differs', () => {
  records.forEach((record, seq) => {
    writeFileSync(path, valid)
    const { sink } = resumeAuditFile(path)
    const other = records.map((same, i) => (i === seq ? { ...record, result: record.result ^ 1 } : same))
    expect(errorOf(() => write(sink, other))).toMatchObject({ name: 'AuditError', code: 'audit/resume', seq })
    sink.close()
    expect(readFileSync(path).equals(valid)).toBe(true)
  })
  const { sink } = resumeAuditFile(path)
  const error = errorOf(() => createLog(parseManifest('{"version":1,"atomic":"linux"}'), sink)) as AuditError
  expect(error).toMatchObject({ code: 'audit/resume' })
  expect(error.seq).toBeUndefined()
  sink.close()
})

it('does not touch a file that is no log, or was changed', () => {
  const changed = valid.slice()
  // The clk of the last record.
  changed[valid.length - framedBytes(records.at(-1)!) + 16] ^= 1
  for (const [bytes, code] of [
    [new TextEncoder().encode('a file that somebody needs'), 'audit/magic'],
    [changed, 'audit/hash'],
    [Uint8Array.of(...valid, 0), 'audit/trailing'],
  ] as const) {
    writeFileSync(path, bytes)
    expect(errorOf(() => resumeAuditFile(path))).toMatchObject({ name: 'AuditError', code })
    expect(readFileSync(path).equals(bytes)).toBe(true)
  }
  expect(errorOf(() => resumeAuditFile('/dev/null'))).toMatchObject({ code: 'audit/magic' })
  writeFileSync(path, '')
  // More than an array can have: it must not be read before it is refused.
  truncateSync(path, 2 ** 36)
  expect(errorOf(() => resumeAuditFile(path))).toMatchObject({ code: 'audit/too-large' })
})

it('its SHA-256 is the portable one', () => {
  for (const parts of [[], [r.bytes(3)], [r.bytes(70), r.bytes(0), r.bytes(1000)]])
    expect(nativeSha256(...parts)).toEqual(portable(...parts))
  expect(openLog(valid, nativeSha256)).toEqual(openLog(valid))
})
