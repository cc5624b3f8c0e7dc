import { describeHalt } from '@vouch/engine'
import { CliError, EXIT, misuse } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { count, plain, printableText, rate, seconds, shownBytes, toJson } from './format.ts'
import { createGrowing, expectPartial, reopenGrowing } from './growing-file.ts'
import { haltDocument } from './halt-document.ts'
import { checkSalt, readFiles, readManifest } from './host-flags.ts'
import { inWorker } from './in-worker.ts'
import { assertDistinct } from './output-file.ts'
import { progressView } from './progress.ts'
import { readFileBounded } from './read-file.ts'
import type { RunResult } from './sdk-run.ts'
import { pathOf, readSpecs } from './spec.ts'
import { table } from './summary.ts'

export interface RunFlags {
  readonly input?: string
  readonly publicInput?: string
  readonly trace?: string
  readonly audit?: string
  readonly manifest?: string
  readonly file?: readonly string[]
  readonly salt?: string
  readonly resume?: true
  readonly maxCycles?: number
  readonly json?: true
}

export async function runCommand(path: string, flags: RunFlags): Promise<ExitStatus> {
  if (flags.resume && flags.trace === undefined && flags.audit === undefined)
    throw misuse('cli/usage', '--resume goes on with the files of --trace and --audit; neither is given')
  const outputs = [
    ['--trace', flags.trace],
    ['--audit', flags.audit],
  ] as const
  await assertDistinct(
    [
      ['<elf>', path],
      ['--input', pathOf(flags.input)],
      ['--public-input', pathOf(flags.publicInput)],
      ['--manifest', flags.manifest],
      ['--salt', pathOf(flags.salt)],
      ...(flags.file ?? []).map((file) => ['--file', file] as const),
    ],
    outputs,
  )
  const elf = await readFileBounded('<elf>', path)
  const manifest = flags.manifest === undefined ? undefined : await readManifest('--manifest', flags.manifest)
  const specs = await readSpecs({
    '--input': flags.input,
    '--public-input': flags.publicInput,
    '--salt': flags.salt,
  })
  const salt = checkSalt('--salt', specs['--salt'])
  const inputFiles = await readFiles('--file', flags.file)
  if (flags.resume) await expectPartial(outputs)
  const open = flags.resume ? reopenGrowing : createGrowing
  const traceFile = flags.trace === undefined ? undefined : await open('--trace', flags.trace)
  const bar = process.stderr.isTTY === true && !flags.json
  try {
    const auditFile = flags.audit === undefined ? undefined : await open('--audit', flags.audit)
    try {
      const result = await inWorker<'run'>(
        {
          kind: 'run',
          elf,
          privateInput: specs['--input'] ?? new Uint8Array(0),
          publicInput: specs['--public-input'] ?? new Uint8Array(0),
          manifest,
          inputFiles,
          salt,
          maxCycles: flags.maxCycles,
          files: {
            ...(traceFile === undefined ? {} : { trace: traceFile.partial }),
            ...(auditFile === undefined ? {} : { audit: auditFile.partial }),
          },
          resume: flags.resume === true,
          console: flags.json ? 2 : 1,
          bar,
        },
        progressView(process.stderr, !bar),
      ).catch((error: unknown) => {
        throw flags.resume && salt === undefined ? withoutSalt(error) : error
      })
      if (result.halt.kind === 'aborted') throw new CliError(EXIT.cancelled, 'cancelled', 'cancelled')
      await traceFile?.commit()
      await auditFile?.commit()
      return show(result, flags)
    } finally {
      await auditFile?.discard()
    }
  } finally {
    await traceFile?.discard()
  }
}

/** Without its salt a run that hides anything in its log comes out as another one. */
function withoutSalt(error: unknown): unknown {
  const isOther = error instanceof CliError && /^(bridge|audit)\/resume$/.test(error.code)
  if (!isOther || !error.message.startsWith('record ')) return error
  return new CliError(
    error.exit,
    error.code,
    `${error.message}; it may be that the --salt of the run is missing`,
    error.details,
  )
}

/** The report goes to standard error: standard output is the guest's. */
function show(result: RunResult, flags: RunFlags): ExitStatus {
  const { halt, journal, cycles } = result
  const ok = halt.kind === 'exit' && halt.code === 0
  const sentence = plain(describeHalt(halt))
  if (flags.json) {
    const text = printableText(journal)
    const document = {
      ok,
      ...(ok ? {} : { error: { code: `guest/${halt.kind}`, message: sentence } }),
      halt: haltDocument(halt),
      ...(halt.kind === 'exit' ? { exitCode: halt.code } : {}),
      journal,
      ...(text === undefined ? {} : { journalText: JSON.parse(text) as string }),
      cycles,
      seconds: result.seconds,
      cyclesPerSecond: Math.round(cycles / result.seconds),
      ...(flags.trace === undefined ? {} : { trace: flags.trace }),
      ...(flags.audit === undefined ? {} : { audit: flags.audit }),
    }
    process.stdout.write(toJson(document) + '\n')
    return ok ? EXIT.ok : EXIT.failed
  }
  process.stderr.write(
    table([
      ['halt', sentence],
      ['journal', shownBytes(journal)],
      ['cycles', count(cycles)],
      ['time', `${seconds(result.seconds)} (${rate(cycles, result.seconds, 'cycles')})`],
      ...(flags.trace === undefined ? [] : [['trace', plain(flags.trace)] as const]),
      ...(flags.audit === undefined ? [] : [['audit', plain(flags.audit)] as const]),
    ]),
  )
  return ok ? EXIT.ok : EXIT.failed
}
