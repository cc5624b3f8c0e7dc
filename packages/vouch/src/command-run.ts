import { describeHalt } from '@vouch/engine'
import { CliError, EXIT, misuse } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { count, plain, printableText, rate, seconds, shownBytes, toJson } from './format.ts'
import { createGrowing, reopenGrowing } from './growing-file.ts'
import { haltDocument } from './halt-document.ts'
import { checkSalt, readManifest } from './host-flags.ts'
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
  readonly salt?: string
  readonly resume?: true
  readonly maxCycles?: number
  readonly json?: true
}

export async function runCommand(path: string, flags: RunFlags): Promise<ExitStatus> {
  if (flags.resume && flags.trace === undefined && flags.audit === undefined)
    throw misuse('cli/usage', '--resume goes on with the files of --trace and --audit; neither is given')
  await assertDistinct(
    [
      ['<elf>', path],
      ['--input', pathOf(flags.input)],
      ['--public-input', pathOf(flags.publicInput)],
      ['--manifest', flags.manifest],
      ['--salt', pathOf(flags.salt)],
    ],
    [
      ['--trace', flags.trace],
      ['--audit', flags.audit],
    ],
  )
  const elf = await readFileBounded('<elf>', path)
  const manifest = flags.manifest === undefined ? undefined : await readManifest('--manifest', flags.manifest)
  const specs = await readSpecs({
    '--input': flags.input,
    '--public-input': flags.publicInput,
    '--salt': flags.salt,
  })
  const salt = checkSalt('--salt', specs['--salt'])
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
      )
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
