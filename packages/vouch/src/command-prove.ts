import { basename } from 'node:path'
import { prove } from '@vouch/prover'
import type { ProveReport, ProveResult } from '@vouch/prover'
import type { ProfileName } from '@vouch/stark'
import { verify } from '@vouch/verifier'
import { withCancel } from './cancel.ts'
import { CliError, EXIT } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { byteSize, count, plain, printableText, rate, seconds, shownBytes, toJson } from './format.ts'
import { assertDistinct, createOutput } from './output-file.ts'
import { progressView } from './progress.ts'
import type { ProgressView } from './progress.ts'
import { readFileBounded } from './read-file.ts'
import { readSpecs } from './spec.ts'
import { NOT_ZERO_KNOWLEDGE, securityDocument, securityLine, table } from './summary.ts'

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

/** `verifySeconds` is absent when the check was switched off. */
interface Proved extends ProveResult {
  readonly path: string
  readonly verifySeconds: number | undefined
}

export async function proveCommand(path: string, flags: ProveFlags): Promise<ExitStatus> {
  const out = flags.out ?? `${basename(path).replace(/\.elf$/i, '')}.vouch`
  await assertDistinct(
    [['<elf>', path], inputFile('--input', flags.input), inputFile('--public-input', flags.publicInput)],
    [
      ['--out', out],
      ['--journal', flags.journal],
    ],
  )
  const elf = await readFileBounded('<elf>', path)
  const specs = await readSpecs({ '--input': flags.input, '--public-input': flags.publicInput })
  const proofFile = await createOutput('--out', out)
  try {
    const journalFile = flags.journal === undefined ? undefined : await createOutput('--journal', flags.journal)
    try {
      const view = progressView(process.stderr, flags.quiet === true)
      const result = await withCancel((signal) => proveAndCheck(elf, specs, flags, view, signal)).finally(() =>
        view.end(),
      )
      await proofFile.commit(result.proof)
      await journalFile?.commit(result.journal)
      show({ ...result, path: out }, flags)
      return EXIT.ok
    } finally {
      await journalFile?.discard()
    }
  } finally {
    await proofFile.discard()
  }
}

async function proveAndCheck(
  elf: Uint8Array,
  specs: { readonly '--input'?: Uint8Array; readonly '--public-input'?: Uint8Array },
  flags: ProveFlags,
  view: ProgressView,
  signal: AbortSignal,
): Promise<Omit<Proved, 'path'>> {
  const publicInput = specs['--public-input']
  const result = await prove(elf, {
    profile: flags.profile ?? 'fast-100',
    ...(specs['--input'] === undefined ? {} : { privateInput: specs['--input'] }),
    ...(publicInput === undefined ? {} : { publicInput }),
    ...(flags.maxCycles === undefined ? {} : { maxCycles: flags.maxCycles }),
    ...(flags.maxMemory === undefined ? {} : { maxMemoryBytes: flags.maxMemory }),
    signal,
    onProgress: view.update,
    onConsole: (fd, bytes) => {
      view.end()
      ;(fd === 1 && !flags.json ? process.stdout : process.stderr).write(bytes)
    },
  })
  signal.throwIfAborted()
  if (!flags.verify) return { ...result, verifySeconds: undefined }
  view.update({ phase: 'verify', done: 0, total: 1 })
  const verdict = await verify(result.proof, {
    imageId: result.imageId,
    ...(publicInput === undefined ? {} : { publicInput }),
    journal: result.journal,
    allowFailure: true,
  })
  if (!verdict.ok)
    throw new CliError(
      EXIT.failed,
      'prover/self-check',
      `the new proof does not verify (${verdict.failure.code}): a bug in the prover; nothing was written`,
    )
  return { ...result, verifySeconds: verdict.seconds }
}

function inputFile(name: string, spec: string | undefined): [string, string | undefined] {
  return [name, spec?.startsWith('file:') ? spec.slice(5) : undefined]
}

function show(proved: Proved, flags: ProveFlags): void {
  const { report, journal } = proved
  const text = printableText(journal)
  if (flags.json) {
    const { security, ...figures } = report
    process.stdout.write(
      toJson({
        ok: true,
        imageId: proved.imageId,
        profile: flags.profile ?? 'fast-100',
        journal,
        ...(text === undefined ? {} : { journalText: JSON.parse(text) as string }),
        exitCode: proved.exitCode,
        ...figures,
        cyclesPerSecond: report.cycles / report.seconds,
        security: securityDocument(security),
        verified: proved.verifySeconds !== undefined,
        ...(proved.verifySeconds === undefined ? {} : { verifySeconds: proved.verifySeconds }),
        out: proved.path,
      }) + '\n',
    )
    return
  }
  process.stdout.write(table(rows(proved, report)))
  for (const warning of report.warnings) process.stderr.write(`warning: ${plain(warning)}\n`)
  if (proved.exitCode !== 0)
    process.stderr.write(
      `warning: the guest ended with exit code ${proved.exitCode}; verify needs --allow-failure\n`,
    )
}

function rows(proved: Proved, report: ProveReport): [string, string][] {
  return [
    ['image id', proved.imageId],
    ['journal', shownBytes(proved.journal)],
    ['exit code', String(proved.exitCode)],
    ['cycles', count(report.cycles)],
    ['cells', `${count(report.cells)} (${report.cellsPerCycle.toFixed(1)} a cycle)`],
    ['security', securityLine(report.security)],
    ['zero-knowledge', NOT_ZERO_KNOWLEDGE],
    ['time', `${seconds(report.seconds)} (${rate(report.cycles, report.seconds, 'cycles')})`],
    ...report.phases.map((phase): [string, string] => [
      `  ${phase.name}`,
      `${seconds(phase.seconds)} (${rate(report.cells, phase.seconds, 'cells')})`,
    ]),
    ['peak memory', byteSize(report.peakMemoryBytes)],
    ['proof', `${byteSize(report.proofBytes)} in ${plain(proved.path)}`],
    [
      'verified',
      proved.verifySeconds === undefined ? 'no (--no-verify)' : `yes, in ${seconds(proved.verifySeconds)}`,
    ],
  ]
}
