import { BridgeError, DEFAULT_MANIFEST, manifestDigest, openLog, replay } from '@vouch/bridge'
import type { AuditFailure, OpenedLog, ReplayFailure, ReplayResult, Replayed } from '@vouch/bridge'
import { RAM_SIZE } from '@vouch/engine'
import type { AuditStatement, Statement } from '@vouch/machine'
import type { Policy } from './policy.ts'
import { toHex } from './proof-file.ts'
import { Refusal } from './verdict.ts'

/** What a verdict says of the audit log. */
export interface AuditVerdict {
  readonly records: number
  /** Hex: hash of the last record. */
  readonly root: string
  /** Hex: digest of the manifest. */
  readonly manifest: string
  /** Calls that the manifest did not allow. */
  readonly denied: number
  /** Cycles that calls charged beside those that were run. */
  readonly charged: number
  /**
   * Services that were used. 'proved': by the chips alone; 'replayed': the verifier ran the same code; 'advice': the
   * host said so.
   */
  readonly services: Readonly<
    Record<string, { readonly count: number; readonly assurance: 'proved' | 'replayed' | 'advice' }>
  >
}

export interface CheckedAudit {
  readonly verdict: AuditVerdict
  readonly calls: Replayed['calls']
}

/**
 * Opens the log of a statement, replays every call, and holds what comes out against the statement and the policy.
 * Undefined for a run without a log. That the calls are the run's own is then for the proof to show.
 *
 * Throws `Refusal` with a code `audit/…`, `replay/…` or `policy/…`, which names the record where there is one.
 */
export function checkAudit(
  s: Statement,
  bytes: Uint8Array | undefined,
  policy: Policy,
): CheckedAudit | undefined {
  if (s.audit === undefined) {
    if (bytes !== undefined)
      throw new Refusal('audit/unexpected', 'the proof is bound to no audit log', 'no log', 'a log')
    expectNeedless(policy)
    return undefined
  }
  if (bytes === undefined)
    throw new Refusal(
      'audit/missing',
      'the run used audited services, and their log is not given',
      `a log of ${s.audit.records} records`,
      'no log',
    )
  const opened = openLog(bytes)
  if (!opened.ok) throw refusal(opened.failure)
  expectManifest(s.audit, opened, policy)
  const replayed = replayedLog(opened, s, policy)
  if (!replayed.ok) throw refusal(replayed.failure)
  expectLog(s, s.audit, opened, replayed)
  expectServices(replayed, policy)
  return {
    calls: replayed.calls,
    verdict: {
      records: opened.records.length,
      root: toHex(opened.root),
      manifest: opened.manifestDigest,
      denied: replayed.denied,
      charged: replayed.charged,
      services: Object.fromEntries(replayed.services),
    },
  }
}

/** A failure of the bridge as one of the verifier's, which puts the two values behind every message. */
function refusal({ code, message, expected, got, seq }: ReplayFailure | AuditFailure): Refusal {
  const tail = `: expected ${expected}, got ${got}`
  return new Refusal(
    code,
    message.endsWith(tail) ? message.slice(0, -tail.length) : message,
    expected,
    got,
    seq,
  )
}

const defaultDigest = (): string => toHex(manifestDigest(DEFAULT_MANIFEST))

function replayedLog(opened: OpenedLog, { publicInput }: Statement, policy: Policy): ReplayResult {
  try {
    return replay(opened, {
      publicInput,
      ...(policy.files === undefined ? {} : { files: policy.files }),
      ...(policy.handlers === undefined ? {} : { handlers: policy.handlers }),
    })
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
    throw new Refusal('policy/file', error.message, 'the files that the manifest names', 'others')
  }
}

/** Calls that need no log. Without one, nobody knows which of them were made. */
const DIRECT = ['read', 'write', 'exit', 'exit_group', 'halt']

/** A proof without a log says what one under the default manifest would; a policy that wants more wants a log. */
function expectNeedless({ manifest, services }: Policy): void {
  const missing = DIRECT.find((name) => services?.includes(name) === false)
  if (missing !== undefined)
    throw new Refusal('policy/log', `without a log, the run may have used '${missing}'`, 'a log', 'no log')
  if (manifest !== undefined && manifest.toLowerCase() !== defaultDigest())
    throw new Refusal(
      'policy/log',
      'without a log, the host served by the default manifest',
      'a log',
      'no log',
    )
}

function expectManifest({ manifest }: AuditStatement, opened: OpenedLog, policy: Policy): void {
  const said = toHex(manifest)
  if (opened.manifestDigest !== said)
    throw new Refusal(
      'audit/manifest',
      'the log was written under another manifest than the proof names',
      said,
      opened.manifestDigest,
    )
  const wanted = policy.manifest?.toLowerCase() ?? defaultDigest()
  if (said !== wanted) throw new Refusal('policy/manifest', 'the policy wants another manifest', wanted, said)
}

function expectLog(s: Statement, audit: AuditStatement, opened: OpenedLog, replayed: Replayed): void {
  if (opened.records.length !== audit.records)
    throw new Refusal(
      'audit/records',
      'the log has another number of records than the proof names',
      audit.records,
      opened.records.length,
    )
  const root = toHex(opened.root)
  if (root !== toHex(audit.root))
    throw new Refusal('audit/root', 'the log is not the one that the proof names', toHex(audit.root), root)
  const journal = toHex(s.journal)
  if (toHex(replayed.journal) !== journal)
    throw new Refusal(
      'audit/journal',
      'the log writes another journal than the statement has',
      `${s.journal.length} bytes`,
      `${replayed.journal.length} bytes that differ`,
    )
  if (replayed.publicConsumed !== s.publicConsumed)
    throw new Refusal(
      'audit/consumed',
      'the log reads another part of the public input',
      s.publicConsumed,
      replayed.publicConsumed,
    )
  if (replayed.calls.length !== opened.records.length)
    throw new Refusal(
      'audit/exit',
      'the log ends in a denied call, and a run that ended so has no proof',
      s.halt,
      'a denied call',
      opened.records.length - 1,
    )
  for (const { seq, clk, pc } of replayed.calls) {
    // Beyond these bounds a number could stand for another one modulo p.
    if (clk > s.cycles)
      throw new Refusal('audit/clk', `record ${seq} is of a cycle after the end`, `<= ${s.cycles}`, clk, seq)
    if (pc >= RAM_SIZE || pc % 4 !== 0)
      throw new Refusal(
        'audit/pc',
        `record ${seq} is of no instruction`,
        'an address of an instruction',
        pc,
        seq,
      )
  }
  const { exit } = replayed
  const ended = exit === undefined ? 'no exit' : `exit ${exit.code} in cycle ${exit.clk}`
  const said = s.halt === 'exit' ? `exit ${s.exitCode} in cycle ${s.cycles}` : 'no exit'
  if (ended !== said)
    throw new Refusal('audit/exit', 'the log ends otherwise than the statement', said, ended)
  const { cycles } = opened.manifest.limits
  if (s.cycles + replayed.charged > cycles)
    throw new Refusal(
      'audit/cycles',
      'the run took more cycles than its manifest allows',
      `<= ${cycles}`,
      s.cycles + replayed.charged,
    )
}

function expectServices({ services }: Replayed, policy: Policy): void {
  for (const [name, { assurance }] of services) {
    if (policy.services !== undefined && !policy.services.includes(name))
      throw new Refusal(
        'policy/service',
        `the run used '${name}'`,
        policy.services.join(', ') || 'no service',
        name,
      )
    if (assurance === 'advice' && !(policy.advice ?? []).includes(name))
      throw new Refusal(
        'policy/advice',
        `results of '${name}' are advice, which nobody proved; a policy may accept it by name`,
        (policy.advice ?? []).join(', ') || 'no advice',
        name,
      )
  }
}
