import { sha256 } from '@vouch/hash'
import type { Sha256 } from '@vouch/hash'
import { createLog, memorySink } from '@vouch/bridge'
import type { AuditRecord } from '@vouch/bridge'
import { opened } from './support.ts'

/** A log with changed records and all hashes right: what a liar would hand over. Undefined leaves a record out. */
export function relog(
  bytes: Uint8Array,
  change: (record: AuditRecord, sha256: Sha256) => AuditRecord | undefined,
): Uint8Array {
  const before = opened(bytes)
  const sink = memorySink()
  const log = createLog(before.manifest, sink)
  let seq = 0
  for (const { record } of before.records) {
    const changed = change(record, sha256)
    if (changed === undefined) continue
    log.prepare({ ...changed, seq: seq++ })
    log.commit()
  }
  return sink.bytes()
}
