import { basename } from 'node:path'
import { DEFAULT_MANIFEST } from '@vouch/bridge'
import type { Manifest } from '@vouch/bridge'
import type { AuditStatement } from '@vouch/machine'
import type { ProveReport } from '@vouch/prover'
import type { ProfileName } from '@vouch/stark'
import { EXIT } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { byteSize, count, plain, printableText, rate, seconds, shownBytes, toJson } from './format.ts'
import { checkSalt, readFiles, readManifest } from './host-flags.ts'
import { inWorker } from './in-worker.ts'
import { DEFAULT_PROFILE } from './options.ts'
import { assertDistinct, createOutput } from './output-file.ts'
import type { OutputFile } from './output-file.ts'
import { progressView } from './progress.ts'
import { readFileBounded } from './read-file.ts'
import { pathOf, readSpecs } from './spec.ts'
import { NOT_ZERO_KNOWLEDGE, securityDocument, securityLine, table } from './summary.ts'
import type { ProveDone, ProveJob } from './worker-protocol.ts'

export interface ProveFlags {
  readonly input?: string
  readonly publicInput?: string
  readonly profile?: ProfileName
  readonly out?: string
  readonly journal?: string
  readonly audit?: string
  readonly manifest?: string
  readonly file?: readonly string[]
  readonly salt?: string
  readonly maxCycles?: number
  readonly maxMemory?: number
  readonly threads?: number
  readonly verify: boolean
  readonly quiet?: true
  readonly json?: true
}

const EMPTY = new Uint8Array(0)

export async function proveCommand(path: string, flags: ProveFlags): Promise<ExitStatus> {
  const out = flags.out ?? `${basename(path).replace(/\.elf$/i, '')}.vouch`
  const audit = flags.audit ?? `${out}.audit`
  await assertDistinct(
    [
      ['<elf>', path],
      ['--input', pathOf(flags.input)],
      ['--public-input', pathOf(flags.publicInput)],
      ['--manifest', flags.manifest],
      ['--salt', pathOf(flags.salt)],
      ...(flags.file ?? []).map((file) => ['--file', file] as const),
    ],
    [
      ['--out', out],
      ['--journal', flags.journal],
      ['--audit', audit],
    ],
  )
  const elf = await readFileBounded('<elf>', path)
  const manifest = await manifestOf(flags)
  const specs = await readSpecs({
    '--input': flags.input,
    '--public-input': flags.publicInput,
    '--salt': flags.salt,
  })
  checkSalt('--salt', specs['--salt'])
  const inputFiles = await readFiles('--file', flags.file)
  const outputs: OutputFile[] = []
  const open = async (flag: string, name: string): Promise<OutputFile> => {
    const file = await createOutput(flag, name)
    outputs.push(file)
    return file
  }
  try {
    const proofFile = await open('--out', out)
    const auditFile = await open('--audit', audit)
    const journalFile = flags.journal === undefined ? undefined : await open('--journal', flags.journal)
    const result = await proveInWorker(elf, specs, { manifest, inputFiles }, flags)
    // The log first: a proof without it is of no use.
    if (result.audit !== undefined) await auditFile.commit(result.audit)
    await journalFile?.commit(result.journal)
    await proofFile.commit(result.proof)
    show(result, { proof: out, audit }, flags)
    return EXIT.ok
  } finally {
    for (const file of outputs) await file.discard()
  }
}

/** Whoever names a log or a manifest wants the proof bound to it, needed or not. */
async function manifestOf(flags: ProveFlags): Promise<Manifest | undefined> {
  if (flags.manifest !== undefined) return readManifest('--manifest', flags.manifest)
  return flags.audit === undefined ? undefined : DEFAULT_MANIFEST
}

function proveInWorker(
  elf: Uint8Array,
  specs: Partial<Record<'--input' | '--public-input' | '--salt', Uint8Array>>,
  host: Pick<ProveJob, 'manifest' | 'inputFiles'>,
  flags: ProveFlags,
): Promise<ProveDone> {
  const view = progressView(process.stderr, flags.quiet === true)
  return inWorker<'prove'>(
    {
      kind: 'prove',
      elf,
      privateInput: specs['--input'] ?? EMPTY,
      publicInput: specs['--public-input'] ?? EMPTY,
      ...host,
      salt: specs['--salt'],
      profile: flags.profile ?? DEFAULT_PROFILE,
      maxCycles: flags.maxCycles,
      maxMemoryBytes: flags.maxMemory,
      threads: flags.threads,
      verify: flags.verify,
      console: flags.json ? 2 : 1,
      bar: process.stderr.isTTY === true && flags.quiet !== true,
    },
    view,
    ({ cycles, cells, bytes }) =>
      view.note(
        `${count(cycles)} cycles, ${count(cells)} cells: about ${byteSize(bytes)} of memory to prove`,
      ),
  )
}

interface Paths {
  readonly proof: string
  readonly audit: string
}

function show(proved: ProveDone, paths: Paths, flags: ProveFlags): void {
  const { report, journal } = proved
  const text = printableText(journal)
  if (flags.json) {
    const { security, ...figures } = report
    process.stdout.write(
      toJson({
        ok: true,
        imageId: proved.imageId,
        profile: flags.profile ?? DEFAULT_PROFILE,
        journal,
        ...(text === undefined ? {} : { journalText: JSON.parse(text) as string }),
        exitCode: proved.exitCode,
        ...figures,
        cyclesPerSecond: report.cycles / report.seconds,
        processPeakBytes: processPeak(),
        security: securityDocument(security),
        verified: proved.verifySeconds !== undefined,
        ...(proved.verifySeconds === undefined ? {} : { verifySeconds: proved.verifySeconds }),
        out: paths.proof,
        ...(proved.statement.audit === undefined
          ? {}
          : { audit: auditDocument(proved.statement.audit, paths) }),
      }) + '\n',
    )
    return
  }
  process.stdout.write(table(rows(proved, paths, flags)))
  for (const warning of report.warnings) process.stderr.write(`warning: ${plain(warning)}\n`)
  if (proved.exitCode !== 0)
    process.stderr.write(
      `warning: the guest ended with exit code ${proved.exitCode}; verify needs --allow-failure\n`,
    )
}

function rows(proved: ProveDone, paths: Paths, flags: ProveFlags): [string, string][] {
  const { report } = proved
  return [
    ['image id', proved.imageId],
    ['profile', flags.profile ?? DEFAULT_PROFILE],
    ['journal', shownBytes(proved.journal)],
    ['exit code', String(proved.exitCode)],
    ['cycles', count(report.cycles)],
    ['cells', `${count(report.cells)} (${report.cellsPerCycle.toFixed(1)} a cycle)`],
    ['security', securityLine(report.security)],
    ['zero-knowledge', NOT_ZERO_KNOWLEDGE],
    ['time', `${seconds(report.seconds)} (${rate(report.cycles, report.seconds, 'cycles')})`],
    ...report.phases.map((phase): [string, string] => [`  ${phase.name}`, phaseTime(phase, report)]),
    [
      'peak memory',
      `${byteSize(processPeak())}; kernels ${byteSize(report.peakMemoryBytes)} (estimated ${byteSize(report.estimate.bytes)})`,
    ],
    ['proof', `${byteSize(report.proofBytes)} in ${plain(paths.proof)}`],
    ...auditRow(proved, paths),
    [
      'verified',
      proved.verifySeconds === undefined ? 'no (--no-verify)' : `yes, in ${seconds(proved.verifySeconds)}`,
    ],
  ]
}

function auditRow({ audit, statement }: ProveDone, paths: Paths): [string, string][] {
  if (audit === undefined || statement.audit === undefined) return []
  const records = `${count(statement.audit.records)} records`
  return [['audit log', `${records}, ${byteSize(audit.length)} in ${plain(paths.audit)}; verify needs it`]]
}

const auditDocument = ({ records, root, manifest }: AuditStatement, paths: Paths) => ({
  path: paths.audit,
  records,
  root,
  manifest,
})

/** Phases that go over every cell, or over every cycle, also say how fast. */
function phaseTime({ name, seconds: time }: ProveReport['phases'][number], report: ProveReport): string {
  if (name === 'run') return `${seconds(time)} (${rate(report.cycles, time, 'cycles')})`
  const overCells = ['fill', 'main', 'fractions', 'gkr', 'sums', 'composition', 'deep'].includes(name)
  return overCells ? `${seconds(time)} (${rate(report.cells, time, 'cells')})` : seconds(time)
}

/** Most memory that the whole process has held, the JavaScript heap included. */
function processPeak(): number {
  return process.resourceUsage().maxRSS * 1024
}
