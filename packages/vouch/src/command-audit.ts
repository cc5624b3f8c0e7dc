import { callNames, diffLogs, errnoNamed, grepLog, MAX_LOG_BYTES, recordJson, recover } from '@vouch/bridge'
import { openLog, replay, straceLine } from '@vouch/bridge'
import type { AuditFailure, AuditRecord, LoggedRecord, LogQuery, OpenedLog, Recovery } from '@vouch/bridge'
import { nativeSha256 as sha256 } from '@vouch/bridge/node'
import { CliError, EXIT, misuse } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { count, plain, toHex, toJson } from './format.ts'
import { readFiles } from './host-flags.ts'
import { readFileBounded } from './read-file.ts'
import { readSpecs } from './spec.ts'
import { table } from './summary.ts'

export interface AuditShowFlags {
  readonly from?: number
  readonly count?: number
  readonly json?: true
}

export interface AuditVerifyFlags {
  readonly root?: string
  readonly publicInput?: string
  readonly file?: readonly string[]
  readonly replay: boolean
  readonly json?: true
}

export interface AuditDiffFlags {
  readonly json?: true
}

export interface AuditGrepFlags {
  readonly name?: string
  readonly number?: number
  readonly errno?: string
  readonly outcome?: AuditRecord['outcome']
  readonly class?: AuditRecord['class']
  readonly pc?: readonly [from: number, to: number]
  readonly json?: true
}

export async function auditShowCommand(path: string, flags: AuditShowFlags): Promise<ExitStatus> {
  const recovery = await recoverLog('<log>', path)
  const log = whole(recovery.log)
  const from = flags.from ?? 0
  await print(log, log.records.slice(from, from + (flags.count ?? Infinity)), flags)
  if (!flags.json && from > 0 && from >= log.records.length)
    process.stderr.write(`the log has ${count(log.records.length)} records\n`)
  return end(recovery)
}

export async function auditGrepCommand(path: string, flags: AuditGrepFlags): Promise<ExitStatus> {
  const { errno, pc, json: _json, ...same } = flags
  const query: LogQuery = {
    ...same,
    ...(errno === undefined ? {} : { errno: errnoOf(errno) }),
    ...(pc === undefined ? {} : { pcFrom: pc[0], pcTo: pc[1] }),
  }
  if (Object.keys(query).length === 0)
    throw misuse('cli/usage', 'expected --name, --number, --errno, --outcome, --class or --pc')
  const recovery = await recoverLog('<log>', path)
  const log = whole(recovery.log)
  const found = grepLog(log.records, query, callNames(log.manifest).nameOf)
  await print(
    log,
    found.map((record) => ({ record })),
    flags,
  )
  const status = end(recovery)
  return status === EXIT.ok && found.length === 0 ? EXIT.failed : status
}

export async function auditDiffCommand(a: string, b: string, flags: AuditDiffFlags): Promise<ExitStatus> {
  const logs: OpenedLog[] = []
  for (const [flag, path] of [
    ['<a>', a],
    ['<b>', b],
  ] as const)
    logs.push(whole(openLog(await readFileBounded(flag, path, MAX_LOG_BYTES), sha256)))
  const difference = diffLogs(logs[0]!, logs[1]!)
  if (flags.json) {
    process.stdout.write(toJson({ ok: difference === undefined, difference: difference ?? null }) + '\n')
  } else if (difference === undefined) {
    const records = count(logs[0]!.records.length)
    process.stdout.write(`the same: ${records} records; salted digests of secret bytes are not compared\n`)
  } else {
    const { seq, fields } = difference
    const [nameA, nameB] = logs.map((log) => lineAt(log, seq))
    process.stdout.write(
      table([
        ['logs', seq === undefined ? 'DIFFERENT manifests' : `DIFFERENT at record ${count(seq)}`],
        ...(nameA === undefined ? [] : [['a', nameA] as const]),
        ...(nameB === undefined ? [] : [['b', nameB] as const]),
        ...fields.map(({ field, a: left, b: right }) => [field, `${left} | ${right}`] as const),
      ]),
    )
  }
  return difference === undefined ? EXIT.ok : EXIT.failed
}

export async function auditVerifyCommand(path: string, flags: AuditVerifyFlags): Promise<ExitStatus> {
  const specs = await readSpecs({ '--public-input': flags.publicInput })
  const files = await readFiles('--file', flags.file)
  const opened = openLog(await readFileBounded('<log>', path, MAX_LOG_BYTES), sha256)
  if (!opened.ok) {
    if (isNoLog(opened.failure)) throw asError(opened.failure)
    return reject(opened.failure, flags)
  }
  const { records, root: found, manifestDigest } = opened
  const root = toHex(found)
  if (flags.root !== undefined && flags.root !== root)
    return reject(
      { code: 'audit/root', message: 'the log has another root', expected: flags.root, got: root },
      flags,
    )
  const consumed = records.at(-1)?.record.publicCursor ?? 0
  if (flags.replay && consumed > 0 && specs['--public-input'] === undefined)
    throw misuse('cli/usage', `--public-input: the run read ${count(consumed)} bytes of it (or: --no-replay)`)
  const replayed = flags.replay
    ? replay(opened, { publicInput: specs['--public-input'] ?? new Uint8Array(0), files, sha256 })
    : undefined
  if (replayed?.ok === false) return reject(replayed.failure, flags)
  const denied = records.filter(({ record }) => record.outcome === 'deny').length
  const services = Object.fromEntries(replayed?.services ?? [])
  if (flags.json) {
    const document = {
      ok: true,
      records: records.length,
      root,
      manifest: manifestDigest,
      denied,
      replayed: replayed !== undefined,
      ...(replayed === undefined
        ? {}
        : { services, charged: replayed.charged, exitCode: replayed.exit?.code ?? null }),
    }
    process.stdout.write(toJson(document) + '\n')
    return EXIT.ok
  }
  const by = (assurance: string): string =>
    Object.entries(services)
      .filter(([, service]) => service.assurance === assurance)
      .map(([name, service]) => `${plain(name)} ${count(service.count)}`)
      .join(', ') || 'none'
  process.stdout.write(
    table([
      ['log', replayed === undefined ? 'whole; not replayed' : 'whole, and replayed'],
      ['records', `${count(records.length)}, ${count(denied)} denied`],
      ['root', root],
      ['manifest', manifestDigest],
      ...(replayed === undefined
        ? []
        : ([
            ['  direct', by('proved')],
            ['  replayed', by('replayed')],
            ['  advice', by('advice')],
            ['end', replayed.exit === undefined ? 'none in the log' : `exit with ${replayed.exit.code}`],
          ] as const)),
    ]),
  )
  return EXIT.ok
}

/** `failure` of the log, or of its replay. */
function reject(
  failure: Pick<AuditFailure, 'message' | 'expected' | 'got'> & {
    readonly code: string
    readonly seq?: number
  },
  flags: AuditVerifyFlags,
): ExitStatus {
  if (flags.json) {
    process.stdout.write(toJson({ ok: false, failure }) + '\n')
    return EXIT.failed
  }
  process.stdout.write(
    table([
      ['log', 'REJECTED'],
      ['check', failure.code],
      ...(failure.seq === undefined ? [] : [['record', count(failure.seq)] as const]),
      ['because', plain(failure.message)],
      ['expected', plain(String(failure.expected))],
      ['got', plain(String(failure.got))],
    ]),
  )
  return EXIT.failed
}

async function recoverLog(what: string, path: string): Promise<Recovery> {
  return recover(await readFileBounded(what, path, MAX_LOG_BYTES), sha256)
}

function whole(log: Recovery['log']): OpenedLog {
  if (!log.ok) throw asError(log.failure)
  return log
}

/** A file that is no log is misuse; a damaged log fails the check. */
const isNoLog = ({ code }: AuditFailure): boolean => /^audit\/(magic|version|too-large)$/.test(code)

function asError(failure: AuditFailure): CliError {
  const { code, message, seq } = failure
  const status = isNoLog(failure) ? EXIT.misuse : EXIT.failed
  const text = code === 'audit/magic' ? 'this is not an audit log' : message
  return new CliError(status, code, text, seq === undefined ? {} : { seq })
}

/** Says why a log ends before its file; damage is status 1, a cut is not. */
function end({ reason, lostBytes }: Recovery): ExitStatus {
  if (reason === undefined) return EXIT.ok
  const cut = reason.code === 'audit/truncated'
  const what = cut ? 'the log was cut' : 'the log is damaged'
  process.stderr.write(
    `${what}: ${count(lostBytes)} bytes are left out: ${reason.code}: ${plain(reason.message)}\n`,
  )
  return cut ? EXIT.ok : EXIT.failed
}

async function print(
  log: OpenedLog,
  records: readonly Pick<LoggedRecord, 'record'>[],
  flags: { readonly json?: true },
): Promise<void> {
  const names = callNames(log.manifest)
  for (const { record } of records)
    await write((flags.json ? recordJson(record, names.nameOf) : straceLine(record, names)) + '\n')
}

const lineAt = (log: OpenedLog, seq: number | undefined): string | undefined => {
  const found = seq === undefined ? undefined : log.records[seq]
  return found === undefined ? undefined : straceLine(found.record, callNames(log.manifest))
}

function errnoOf(text: string): number {
  const errno = /^[0-9]{1,4}$/.test(text) ? Number(text) : errnoNamed(text.toUpperCase())
  if (errno === undefined) throw misuse('cli/value', '--errno: expected a number, or a name such as EFAULT')
  return errno
}

/** Waits when the reader of standard output is slower than the log. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
}
