import { rename, unlink } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { describeHalt } from '@vouch/engine'
import { withCancel } from './cancel.ts'
import { CliError, EXIT } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { count, plain, printableText, rate, seconds, shownBytes, toJson } from './format.ts'
import { haltDocument } from './halt-document.ts'
import { assertDistinct, outputTarget, removeOnExit, settle, unwritable } from './output-file.ts'
import { progressView } from './progress.ts'
import { readFileBounded } from './read-file.ts'
import type { RunDone, RunJob, RunMessage } from './run-worker.ts'
import { readSpecs } from './spec.ts'
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
      ['--input', filePart(flags.input)],
      ['--public-input', filePart(flags.publicInput)],
    ],
    [['--trace', flags.trace]],
  )
  const elf = await readFileBounded('<elf>', path)
  const specs = await readSpecs({ '--input': flags.input, '--public-input': flags.publicInput })
  const target = flags.trace === undefined ? undefined : await outputTarget('--trace', flags.trace)
  // A fixed name: after a crash or a kill it is what `trace info` recovers up to the last whole chunk.
  const partial = target === undefined ? undefined : `${target}.partial`
  if (partial !== undefined) removeOnExit(partial)
  try {
    const result = await withCancel((signal) =>
      inWorker(
        {
          elf,
          privateInput: specs['--input'] ?? new Uint8Array(0),
          publicInput: specs['--public-input'] ?? new Uint8Array(0),
          maxCycles: flags.maxCycles,
          traceFile: partial,
          console: flags.json ? 2 : 1,
          progress: process.stderr.isTTY === true && !flags.json,
        },
        signal,
      ),
    )
    if (result.halt.kind === 'aborted') throw new CliError(EXIT.cancelled, 'cancelled', 'cancelled')
    if (partial !== undefined && target !== undefined) {
      await rename(partial, target).catch((error: unknown) => {
        throw unwritable('--trace', target, error)
      })
      settle(partial)
    }
    return show(result, flags)
  } finally {
    if (partial !== undefined) await unlink(partial).catch(() => undefined)
  }
}

function filePart(spec: string | undefined): string | undefined {
  return spec?.startsWith('file:') ? spec.slice(5) : undefined
}

async function inWorker(job: Omit<RunJob, 'cancel'>, signal: AbortSignal): Promise<RunDone> {
  const cancel = new SharedArrayBuffer(4)
  signal.addEventListener('abort', () => Atomics.store(new Int32Array(cancel), 0, 1))
  const worker = new Worker(new URL('./run-worker.js', import.meta.url), {
    workerData: { ...job, cancel } satisfies RunJob,
  })
  const view = progressView(process.stderr, !job.progress)
  const start = performance.now()
  try {
    return await new Promise<RunDone>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('exit', () => reject(new Error('the engine ended without a result')))
      worker.on('message', (message: RunMessage) => {
        if (message.kind === 'done') resolve(message.result)
        else if (message.kind === 'failed') {
          const { exit, code, message: text, details } = message.failure
          reject(new CliError(exit, code, text, details))
        } else {
          const speed = rate(message.cycles, (performance.now() - start) / 1e3, 'cycles')
          view.update({ phase: `${count(message.cycles)} cycles, ${speed}`, done: 0, total: 0 })
        }
      })
    })
  } finally {
    view.end()
    await worker.terminate()
  }
}

/** The report goes to standard error: standard output is the guest's. */
function show(result: RunDone, flags: RunFlags): ExitStatus {
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
