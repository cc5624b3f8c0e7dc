import { open, rename, unlink } from 'node:fs/promises'
import { describeHalt } from '@vouch/engine'
import { CliError, EXIT } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { count, plain, printableText, rate, seconds, shownBytes, toJson } from './format.ts'
import { haltDocument } from './halt-document.ts'
import { inWorker } from './in-worker.ts'
import { assertDistinct, outputTarget, removeOnExit, settle, unwritable } from './output-file.ts'
import { progressView } from './progress.ts'
import { readFileBounded } from './read-file.ts'
import type { RunResult } from './sdk-run.ts'
import { pathOf, readSpecs } from './spec.ts'
import { table } from './summary.ts'

export interface RunFlags {
  readonly input?: string
  readonly publicInput?: string
  readonly trace?: string
  readonly maxCycles?: number
  readonly json?: true
}

export async function runCommand(path: string, flags: RunFlags): Promise<ExitStatus> {
  await assertDistinct(
    [
      ['<elf>', path],
      ['--input', pathOf(flags.input)],
      ['--public-input', pathOf(flags.publicInput)],
    ],
    [['--trace', flags.trace]],
  )
  const elf = await readFileBounded('<elf>', path)
  const specs = await readSpecs({ '--input': flags.input, '--public-input': flags.publicInput })
  const target = flags.trace === undefined ? undefined : await outputTarget('--trace', flags.trace)
  // A name that can be guessed: after a kill, `trace info` recovers this file up to its last whole chunk.
  const traceFile = target === undefined ? undefined : `${target}.partial`
  if (traceFile !== undefined) await assertWritable(traceFile)
  const bar = process.stderr.isTTY === true && !flags.json
  try {
    const result = await inWorker<'run'>(
      {
        kind: 'run',
        elf,
        privateInput: specs['--input'] ?? new Uint8Array(0),
        publicInput: specs['--public-input'] ?? new Uint8Array(0),
        maxCycles: flags.maxCycles,
        traceFile,
        console: flags.json ? 2 : 1,
        bar,
      },
      progressView(process.stderr, !bar),
    )
    if (result.halt.kind === 'aborted') throw new CliError(EXIT.cancelled, 'cancelled', 'cancelled')
    if (traceFile !== undefined && target !== undefined) {
      await rename(traceFile, target).catch((error: unknown) => {
        throw unwritable('--trace', target, error)
      })
      settle(traceFile)
    }
    return show(result, flags)
  } finally {
    if (traceFile !== undefined) await unlink(traceFile).catch(() => undefined)
  }
}

/** Fails before the run starts; the file is then the run's own, and goes if it does not end. */
async function assertWritable(path: string): Promise<void> {
  const file = await open(path, 'w', 0o600).catch((error: unknown) => {
    throw unwritable('--trace', path, error)
  })
  removeOnExit(path)
  await file.close()
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
    ]),
  )
  return ok ? EXIT.ok : EXIT.failed
}
