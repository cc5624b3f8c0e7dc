import { HEAP_START, MAX_STREAM_BYTES, bridge, manifestDigest, openLog, replay } from '@vouch/bridge'
import type { Bridge, BridgeOptions } from '@vouch/bridge'
import { describeHalt, parseElf, recycleChunks, traceAsync } from '@vouch/engine'
import type { Program, Trace } from '@vouch/engine'
import { airPublics, collect, imageId, imageOf, riscvAir } from '@vouch/machine'
import type { AuditStatement, Image, LoggedCall, Run, Statement } from '@vouch/machine'
import { OutOfMemory, ProverAborted, pacer, prove as proveStark } from '@vouch/stark'
import type { Kernels, Pacer, PhaseTime, ProfileName, Progress, SecurityReport } from '@vouch/stark'
import { MAX_PUBLIC_BYTES, encodeProofFile, machineKey, starkStatement, toHex } from '@vouch/verifier'
import { fillChips } from './columns.ts'
import type { FilledChips } from './columns.ts'
import { ProverError } from './errors.ts'
import { MAX_MEMORY_BYTES, estimateMemory } from './estimate.ts'
import type { MemoryEstimate } from './estimate.ts'
import { commitImage } from './image.ts'
import { prepareKernels, withKernels } from './kernels.ts'
import { availableThreads } from './threads.ts'

/**
 * Inputs, and what the guest's calls meet: see `BridgeOptions`. When `manifest` is given, the proof is bound to an audit
 * log of every host call; otherwise only when the guest made a call that the chips cannot prove alone, under the default
 * manifest. The proof is not zero-knowledge: it does not hide `privateInput`.
 */
export interface ProveOptions extends Omit<BridgeOptions, 'sink' | 'resume' | 'faults'> {
  /** 'proven-100' unless told otherwise. */
  readonly profile?: ProfileName
  /** The run is refused with 'guest/limit' beyond this many cycles; DEFAULT_MAX_CYCLES unless told otherwise. */
  readonly maxCycles?: number
  /** Refuse with 'prover/out-of-memory' before starting when the estimate is above this many bytes. */
  readonly maxMemoryBytes?: number
  readonly signal?: { readonly aborted: boolean }
  readonly onProgress?: (progress: Progress) => void
  /** After the run and before the proof. */
  readonly onEstimate?: (estimate: MemoryEstimate & { readonly cycles: number }) => void
  /** 'wasm' unless told otherwise. Both give the same bytes. */
  readonly kernels?: Kernels['name']
  /**
   * Threads that the kernels work on, from 1 to 16; the machine's cores, at most 8, unless told otherwise. The bytes
   * are the same for any number. Kernels stay for the next proof, and idle threads keep no process alive.
   */
  readonly threads?: number
}

export interface ChipReport {
  readonly name: string
  readonly rows: number
  readonly height: number
  /** Main columns, padding included. */
  readonly cells: number
}

export interface ProveReport {
  readonly cycles: number
  /** Committed base-field cells before blowup: those of the chips, and eight a row of each height for the bus sums. */
  readonly cells: number
  readonly cellsPerCycle: number
  readonly phases: readonly PhaseTime[]
  readonly seconds: number
  readonly proofBytes: number
  /** Most bytes that the kernels' memory has held in this process. */
  readonly peakMemoryBytes: number
  readonly estimate: MemoryEstimate
  readonly security: SecurityReport
  readonly warnings: readonly string[]
  readonly zeroKnowledge: false
  readonly chips: readonly ChipReport[]
}

export interface ProveResult {
  readonly proof: Uint8Array
  readonly statement: Statement
  /** Hex. */
  readonly imageId: string
  readonly journal: Uint8Array
  readonly exitCode: number
  /** The audit log that the proof is bound to, without which it does not verify; absent where it needs none. */
  readonly audit?: Uint8Array
  readonly report: ProveReport
}

/** About 400 MiB of trace. Longer runs need continuations. */
export const DEFAULT_MAX_CYCLES = 2 ** 23

/**
 * Runs a program and proves the run. A non-zero exit code and an EBREAK are proved as such.
 *
 * Throws `ElfError` for a malformed ELF, `ProverError` for everything else that can go wrong with good arguments:
 * see `ProverErrorCode`. One proof is made at a time in a process; calls queue.
 */
export async function prove(elf: Uint8Array | Program, options: ProveOptions = {}): Promise<ProveResult> {
  const start = performance.now()
  const { kernels: kind = 'wasm', threads = availableThreads() } = options
  const pace = pacer(options.onProgress, options.signal)
  try {
    prepareKernels(kind, threads)
    pace.phase('run', 1)
    const program = elf instanceof Uint8Array ? parseElf(elf) : elf
    const ran = await runProgram(program, options)
    await pace.step()
    const profile = options.profile ?? 'proven-100'
    const image = imageOf(program)
    const run = collect(ran.trace, image.rom, image.words, options.publicInput?.length ?? 0)
    const said = {
      publicInput: ran.publicInput,
      journal: ran.journal,
      halt: run.halt.kind,
      exitCode: run.halt.code,
      cycles: ran.trace.cycles,
      publicConsumed: ran.publicConsumed,
      ...(ran.log === undefined ? {} : { audit: ran.log.statement }),
    }
    const calls = ran.log?.calls ?? []
    const estimate = estimateMemory(image, run, { ...said, imageId: new Uint8Array(32) }, calls, profile)
    options.onEstimate?.({ ...estimate, cycles: ran.trace.cycles })
    checkMemory(estimate, options.maxMemoryBytes ?? MAX_MEMORY_BYTES, ran.trace.cycles)
    return await withKernels(kind, threads, async (kernels) => {
      const made = await proveRun(kernels, image, run, { said, calls }, profile, options, pace)
      const { security, peakWords, cells } = made.report
      const report: ProveReport = {
        cycles: ran.trace.cycles,
        cells,
        cellsPerCycle: cells / ran.trace.cycles,
        phases: [...pace.times(), ...made.report.phases],
        seconds: (performance.now() - start) / 1000,
        proofBytes: made.proof.length,
        peakMemoryBytes: peakWords * 4,
        estimate,
        security,
        warnings: ran.warnings,
        zeroKnowledge: false,
        chips: chipReports(run, made.filled),
      }
      const { statement } = made
      return {
        proof: made.proof,
        statement,
        imageId: toHex(statement.imageId),
        journal: statement.journal,
        exitCode: statement.exitCode,
        ...(ran.log === undefined ? {} : { audit: ran.log.bytes }),
        report,
      }
    })
  } catch (error) {
    throw translated(error)
  }
}

interface Ran {
  readonly trace: Trace
  readonly journal: Uint8Array
  readonly publicConsumed: number
  readonly publicInput: Uint8Array
  readonly warnings: readonly string[]
  readonly log: Log | undefined
}

/** An audit log, what the statement says of it, and its calls as the verifier will replay them. */
interface Log {
  readonly bytes: Uint8Array
  readonly statement: AuditStatement
  readonly calls: readonly LoggedCall[]
}

async function runProgram(program: Program, options: ProveOptions): Promise<Ran> {
  const { privateInput = new Uint8Array(0), publicInput = new Uint8Array(0) } = options
  if (publicInput.length > MAX_PUBLIC_BYTES)
    throw new ProverError(
      'prover/too-large',
      `the public input has ${publicInput.length} bytes; with the journal at most ${MAX_PUBLIC_BYTES} can be proved`,
    )
  if (privateInput.length > MAX_STREAM_BYTES)
    throw new ProverError(
      'prover/too-large',
      `the private input has ${privateInput.length} bytes; at most ${MAX_STREAM_BYTES} can be proved`,
    )
  const host = bridge({ ...options, privateInput, publicInput })
  const { halt, trace: made } = await traceAsync(program, host, {
    maxCycles: Math.min(options.maxCycles ?? DEFAULT_MAX_CYCLES, host.manifest.limits.cycles),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  if (halt.kind === 'aborted') throw new ProverError('prover/aborted', 'cancelled')
  if (halt.kind === 'limit')
    throw new ProverError(
      'guest/limit',
      `${describeHalt(halt)}; raise the limit if the program needs more`,
      halt,
    )
  if (halt.kind === 'trap' && halt.cause !== 'ebreak')
    throw new ProverError('guest/trap', describeHalt(halt), halt)
  const journal = host.journal()
  if (publicInput.length + journal.length > MAX_PUBLIC_BYTES)
    throw new ProverError(
      'prover/too-large',
      `public input and journal have ${publicInput.length + journal.length} bytes; at most ${MAX_PUBLIC_BYTES} can be proved`,
    )
  const warnings: string[] = []
  const unread = (name: string, read: number, all: number): void => {
    if (read < all) warnings.push(`the guest read ${read} of the ${all} bytes of the ${name} input`)
  }
  unread('private', host.privateConsumed, privateInput.length)
  unread('public', host.publicConsumed, publicInput.length)
  const end = Math.max(0, ...program.segments.map((s) => s.address + s.memorySize))
  if (end > HEAP_START)
    warnings.push(`the image ends at 0x${end.toString(16)}, inside the area where brk and mmap2 give memory`)
  const isBound = options.manifest !== undefined || host.auditedCalls > 0
  const log = isBound ? boundLog(host, made.cycles, publicInput, options) : undefined
  return { trace: made, journal, publicConsumed: host.publicConsumed, publicInput, warnings, log }
}

/** Replays the log as the verifier will: a call whose result it would not accept is found before the proof is made. */
function boundLog(host: Bridge, cycles: number, publicInput: Uint8Array, options: ProveOptions): Log {
  const bytes = host.auditBytes()!
  const opened = openLog(bytes, options.sha256)
  if (!opened.ok)
    throw new ProverError('prover/audit', `the audit log is not whole: ${opened.failure.message}`)
  const replayed = replay(opened, {
    publicInput,
    ...(options.files === undefined ? {} : { files: options.files }),
    ...(options.handlers === undefined ? {} : { handlers: options.handlers }),
    ...(options.sha256 === undefined ? {} : { sha256: options.sha256 }),
  })
  if (!replayed.ok)
    throw new ProverError(
      'prover/audit',
      `no verifier would accept the audit log: ${replayed.failure.message}`,
    )
  const limit = opened.manifest.limits.cycles
  if (cycles + replayed.charged > limit)
    throw new ProverError(
      'guest/limit',
      `${cycles} cycles and ${replayed.charged} that calls charged are more than the manifest's ${limit}`,
    )
  return {
    bytes,
    statement: {
      root: opened.root,
      manifest: manifestDigest(opened.manifest),
      records: opened.records.length,
    },
    calls: replayed.calls,
  }
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`

function checkMemory(estimate: MemoryEstimate, limit: number, cycles: number): void {
  if (estimate.bytes > limit)
    throw new ProverError(
      'prover/out-of-memory',
      `proving ${cycles} cycles needs about ${mebibytes(estimate.bytes)} of memory, and ${mebibytes(limit)} may be used`,
    )
}

async function proveRun(
  kernels: Kernels,
  image: Image,
  run: Run,
  { said, calls }: { readonly said: Omit<Statement, 'imageId'>; readonly calls: readonly LoggedCall[] },
  profile: ProfileName,
  options: ProveOptions,
  pace: Pacer,
) {
  pace.phase('image', 1)
  const { tree, header } = commitImage(kernels, image, profile)
  await pace.step()
  const statement: Statement = { ...said, imageId: imageId(header) }
  pace.phase('fill', riscvAir.chips.length)
  const filled = await fillChips(kernels, run, airPublics(statement), tree, () => pace.step())
  recycleChunks(run.chunks)
  pace.times()
  const { proof: stark, report } = await proveStark(
    kernels,
    machineKey(profile),
    starkStatement(statement, header, calls),
    { chips: filled, preprocessed: { [tree.name]: tree } },
    {
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
  )
  const proof = encodeProofFile({ image: header, profile, statement, stark })
  return { proof, statement, report, filled }
}

const chipReports = (run: Run, filled: FilledChips): ChipReport[] =>
  riscvAir.chips.flatMap((chip, i) => {
    const columns = filled[i]
    if (columns === undefined) return []
    const height = 2 ** columns.logHeight
    return [
      {
        name: chip.name,
        rows: chip.rows(run),
        height,
        cells: height * chip.columns.length,
      },
    ]
  })

function translated(error: unknown): unknown {
  if (error instanceof ProverAborted) return new ProverError('prover/aborted', 'cancelled')
  if (error instanceof OutOfMemory)
    return new ProverError('prover/out-of-memory', `the proof did not fit in memory: ${error.message}`)
  return error
}
