import { createLog, manifestDigest, memorySink, openLog, replay } from '@vouch/bridge'
import type { AuditRecord, Bridge, Manifest, OpenedLog, Replayed } from '@vouch/bridge'
import type { LoggedCall } from '@vouch/machine'
import type { ForgedLog } from './forgery-witness.ts'

export function opened(bytes: Uint8Array): OpenedLog {
  const log = openLog(bytes)
  if (!log.ok) throw new Error(log.failure.message)
  return log
}

export function replayed(bytes: Uint8Array, publicInput: Uint8Array): Replayed {
  const result = replay(opened(bytes), { publicInput })
  if (!result.ok) throw new Error(result.failure.message)
  return result
}

/** A log of these records, each numbered anew, with every hash as it should be. */
export function logOf(manifest: Manifest, records: readonly AuditRecord[]): Uint8Array {
  const sink = memorySink()
  const log = createLog(manifest, sink)
  records.forEach((record, seq) => {
    log.prepare({ ...record, seq })
    log.commit()
  })
  return sink.bytes()
}

/** What a prover swears of a log: `calls` as the run made them, whatever the log says. */
export function bound(bytes: Uint8Array, calls: readonly LoggedCall[]): ForgedLog {
  const { root, manifest, records } = opened(bytes)
  return { bytes, statement: { root, manifest: manifestDigest(manifest), records: records.length }, calls }
}

/** The honest log of a run. */
export const honestLog =
  (publicInput: Uint8Array) =>
  (own: Bridge): ForgedLog => {
    const bytes = own.auditBytes()!
    return bound(bytes, replayed(bytes, publicInput).calls)
  }
