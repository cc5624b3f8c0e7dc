import { basename } from 'node:path'
import type { ProveReport } from '@vouch/prover'
import type { ProfileName } from '@vouch/stark'
import { EXIT } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { byteSize, count, plain, printableText, rate, seconds, shownBytes, toJson } from './format.ts'
import { inWorker } from './in-worker.ts'
import { DEFAULT_PROFILE } from './options.ts'
import { assertDistinct, createOutput } from './output-file.ts'
import { progressView } from './progress.ts'
import { readFileBounded } from './read-file.ts'
import { pathOf, readSpecs } from './spec.ts'
import { NOT_ZERO_KNOWLEDGE, securityDocument, securityLine, table } from './summary.ts'
import type { ProveDone } from './worker-protocol.ts'

export interface ProveFlags {
  readonly input?: string
  readonly publicInput?: string
  readonly profile?: ProfileName
  readonly out?: string
  readonly journal?: string
  readonly maxCycles?: number
  readonly maxMemory?: number
  readonly verify: boolean
  readonly quiet?: true
  readonly json?: true
}

const EMPTY = new Uint8Array(0)

export async function proveCommand(path: string, flags: ProveFlags): Promise<ExitStatus> {
  const out = flags.out ?? `${basename(path).replace(/\.elf$/i, '')}.vouch`
  await assertDistinct(
    [
      ['<elf>', path],
      ['--input', pathOf(flags.input)],
      ['--public-input', pathOf(flags.publicInput)],
    ],
    [
      ['--out', out],
      ['--journal', flags.journal],
    ],
  )
  const elf = await readFileBounded('<elf>', path)
  const specs = await readSpecs({ '--input': flags.input, '--public-input': flags.publicInput })
  const proofFile = await createOutput('--out', out)
  try {
    const journalFile =
      flags.journal === undefined ? undefined : await createOutput('--journal', flags.journal)
    try {
      const result = await proveInWorker(elf, specs, flags)
      await proofFile.commit(result.proof)
      await journalFile?.commit(result.journal)
      show(result, out, flags)
      return EXIT.ok
    } finally {
      await journalFile?.discard()
    }
  } finally {
    await proofFile.discard()
  }
}

function proveInWorker(
  elf: Uint8Array,
  specs: { readonly '--input'?: Uint8Array; readonly '--public-input'?: Uint8Array },
  flags: ProveFlags,
): Promise<ProveDone> {
  const view = progressView(process.stderr, flags.quiet === true)
  return inWorker<'prove'>(
    {
      kind: 'prove',
      elf,
      privateInput: specs['--input'] ?? EMPTY,
      publicInput: specs['--public-input'] ?? EMPTY,
      profile: flags.profile ?? DEFAULT_PROFILE,
      maxCycles: flags.maxCycles,
      maxMemoryBytes: flags.maxMemory,
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

function show(proved: ProveDone, path: string, flags: ProveFlags): void {
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
        out: path,
      }) + '\n',
    )
    return
  }
  process.stdout.write(table(rows(proved, path, flags)))
  for (const warning of report.warnings) process.stderr.write(`warning: ${plain(warning)}\n`)
  if (proved.exitCode !== 0)
    process.stderr.write(
      `warning: the guest ended with exit code ${proved.exitCode}; verify needs --allow-failure\n`,
    )
}

function rows(proved: ProveDone, path: string, flags: ProveFlags): [string, string][] {
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
    ['proof', `${byteSize(report.proofBytes)} in ${plain(path)}`],
    [
      'verified',
      proved.verifySeconds === undefined ? 'no (--no-verify)' : `yes, in ${seconds(proved.verifySeconds)}`,
    ],
  ]
}

/** Phases that go over every cell, or over every cycle, also say how fast. */
function phaseTime({ name, seconds: time }: ProveReport['phases'][number], report: ProveReport): string {
  if (name === 'run') return `${seconds(time)} (${rate(report.cycles, time, 'cycles')})`
  const overCells = ['fill', 'main', 'interaction', 'composition', 'deep'].includes(name)
  return overCells ? `${seconds(time)} (${rate(report.cells, time, 'cells')})` : seconds(time)
}

/** Most memory that the whole process has held, the JavaScript heap included. */
function processPeak(): number {
  return process.resourceUsage().maxRSS * 1024
}
