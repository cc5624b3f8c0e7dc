import { describeHalt, find, info, RAM_SIZE, replay, rows } from '@vouch/engine'
import type { Found } from '@vouch/engine'
import { openTraceFile } from '@vouch/engine/node'
import type { TraceFile } from '@vouch/engine/node'
import { EXIT, misuse } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { address, byteSize, count, plain, rate, seconds, toJson } from './format.ts'
import { haltDocument } from './halt-document.ts'
import { readFiles, readManifest } from './host-flags.ts'
import { readFileBounded, unreadable } from './read-file.ts'
import { parseRegister, registerName } from './registers.ts'
import { readSpecs } from './spec.ts'
import { table } from './summary.ts'
import { isSystemError } from './system-error.ts'
import { rowDocument, rowLine } from './trace-row.ts'

export interface JsonFlag {
  readonly json?: true
}

export interface ShowFlags extends JsonFlag {
  readonly from?: number
  readonly count?: number
}

export interface FindFlags extends JsonFlag {
  readonly addr?: number
  readonly reg?: string
  readonly before?: number
}

export interface ReplayFlags extends JsonFlag {
  readonly elf: string
  readonly input?: string
  readonly publicInput?: string
  readonly manifest?: string
  readonly file?: readonly string[]
}

/** Every chunk is read and checked. Damage is reported with what lies before it, and is status 1. */
export async function infoCommand(path: string, flags: JsonFlag): Promise<ExitStatus> {
  return withTrace(
    path,
    async (reader) => {
      const { halt, ...facts } = info(reader)
      const { damage } = reader
      const status = damage === undefined ? EXIT.ok : EXIT.failed
      if (flags.json) {
        const document = {
          ok: damage === undefined,
          ...facts,
          entry: address(facts.entry),
          ...(halt === undefined ? {} : { halt: haltDocument(halt) }),
          ...(damage === undefined
            ? {}
            : { error: { code: damage.code, message: damage.message, chunk: damage.chunk } }),
        }
        process.stdout.write(toJson(document) + '\n')
        return status
      }
      const end = facts.complete
        ? plain(halt === undefined ? '' : describeHalt(halt))
        : `none: cut off after the last whole chunk, ${count(facts.lostBytes)} bytes are lost`
      process.stdout.write(
        table([
          [
            'program',
            `${facts.programDigest}, entry ${address(facts.entry)}, ${count(facts.instructions)} instructions`,
          ],
          ['cycles', `${count(facts.cycles)} in ${count(facts.chunks)} chunks`],
          ['syscalls', `${count(facts.ecalls)} before the halt, ${count(facts.copiedWords)} words copied`],
          ['audited', `${count(facts.audited)} more, ${count(facts.effects)} registers and words touched`],
          ...(facts.touchedWords === undefined
            ? []
            : [['memory', `${count(facts.touchedWords)} words touched`] as const]),
          ['end', end],
          ['size', `${byteSize(facts.bytes)} (format ${facts.version})`],
          [
            'check',
            damage === undefined
              ? 'every chunk is whole'
              : `DAMAGED ${damage.code}: ${plain(damage.message)}`,
          ],
        ]),
      )
      return status
    },
    true,
  )
}

export async function showCommand(path: string, flags: ShowFlags): Promise<ExitStatus> {
  return withTrace(path, async (reader) => {
    const from = flags.from ?? 1
    let separator = ''
    if (flags.json) await write(`{"ok":true,"cycles":${reader.cycles},"rows":[`)
    for (const row of rows(reader, from, flags.count ?? 20)) {
      await write(flags.json ? separator + toJson(rowDocument(row)) : rowLine(row) + '\n')
      separator = ','
    }
    if (flags.json) await write(']}\n')
    else if (from > reader.cycles) process.stderr.write(`the trace ends at cycle ${reader.cycles}\n`)
    return EXIT.ok
  })
}

export async function findCommand(path: string, flags: FindFlags): Promise<ExitStatus> {
  if ((flags.addr === undefined) === (flags.reg === undefined))
    throw misuse('cli/usage', 'expected either --addr or --reg')
  if (flags.addr !== undefined && flags.addr >= RAM_SIZE)
    throw misuse('cli/value', `--addr: expected an address below ${address(RAM_SIZE)}`)
  const target = flags.addr === undefined ? { reg: parseRegister('--reg', flags.reg!) } : { addr: flags.addr }
  return withTrace(path, async (reader) => {
    const options = flags.before === undefined ? {} : { before: flags.before }
    const { lastAccess, lastWrite } = find(reader, target, options)
    if (flags.json) {
      const document = {
        ok: true,
        lastAccess: foundDocument(lastAccess),
        lastWrite: foundDocument(lastWrite),
      }
      process.stdout.write(toJson(document) + '\n')
      return EXIT.ok
    }
    const name = 'reg' in target ? registerName(target.reg) : address(target.addr - (target.addr % 4))
    process.stdout.write(
      table([
        ['of', name],
        ['last write', found(lastWrite)],
        ['last access', found(lastAccess)],
      ]),
    )
    return EXIT.ok
  })
}

export async function replayCommand(path: string, flags: ReplayFlags): Promise<ExitStatus> {
  const { parseElf } = await import('@vouch/engine')
  const { hostOf } = await import('./sdk-host.ts')
  const program = parseElf(await readFileBounded('--elf', flags.elf))
  const specs = await readSpecs({ '--input': flags.input, '--public-input': flags.publicInput })
  const manifest = flags.manifest === undefined ? undefined : await readManifest('--manifest', flags.manifest)
  const files = await readFiles('--file', flags.file)
  return withTrace(path, async (reader) => {
    const host = hostOf({
      files,
      ...(manifest === undefined ? {} : { manifest }),
      ...(specs['--input'] === undefined ? {} : { privateInput: specs['--input'] }),
      ...(specs['--public-input'] === undefined ? {} : { publicInput: specs['--public-input'] }),
    })
    const start = performance.now()
    const { difference, cycles, complete } = replay(reader, program, host)
    const time = (performance.now() - start) / 1e3
    if (flags.json) {
      const document = {
        ok: difference === undefined,
        cycles,
        complete,
        seconds: time,
        difference: difference ?? null,
      }
      process.stdout.write(toJson(document) + '\n')
    } else if (difference === undefined) {
      const extent = complete ? 'the whole run' : 'no end in the file: what there is'
      process.stdout.write(
        table([
          ['replay', `the same, ${extent}`],
          ['cycles', count(cycles)],
          ['time', `${seconds(time)} (${rate(cycles, time, 'cycles')})`],
        ]),
      )
    } else {
      const { clk, field, expected, got } = difference
      process.stdout.write(
        table([
          ['replay', `DIFFERENT at cycle ${count(clk)}`],
          ['field', plain(field)],
          ['in the file', shown(expected)],
          ['now', shown(got)],
        ]),
      )
    }
    return difference === undefined ? EXIT.ok : EXIT.failed
  })
}

async function withTrace(
  path: string,
  use: (reader: TraceFile) => Promise<ExitStatus>,
  recover = false,
): Promise<ExitStatus> {
  let reader: TraceFile
  try {
    reader = openTraceFile(path, { recover })
  } catch (error) {
    throw isSystemError(error) ? unreadable('<file>', path, error) : error
  }
  try {
    return await use(reader)
  } finally {
    reader.close()
  }
}

/** Waits when the reader of standard output is slower than the trace. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
}

function found(access: Found | undefined): string {
  if (access === undefined) return 'none: it has its initial value'
  const { clk, pc, name, kind, before, after } = access
  const value = kind === 'write' ? `${address(before)} -> ${address(after)}` : address(after)
  return `${kind} in cycle ${count(clk)} at ${address(pc)}${name === undefined ? '' : ` (${name})`}: ${value}`
}

function foundDocument(access: Found | undefined): Record<string, unknown> | null {
  return access === undefined ? null : { ...access, pc: address(access.pc) }
}

function shown(value: number | string): string {
  return typeof value === 'string' ? plain(value) : `${value} (${address(value)})`
}
