import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { auditCommands, FILE_HELP } from './cli-audit.ts'
import type { Action } from './cli-audit.ts'
import { describeError, EXIT, misuse } from './cli-error.ts'
import type { ExitStatus, Failure } from './cli-error.ts'
import { plain, toJson } from './format.ts'
import {
  addressOption,
  choice,
  DEFAULT_PROFILE,
  imageIdOption,
  integer,
  memorySize,
  once,
  PROFILE_NAMES,
  repeated,
} from './options.ts'
import { SPEC_HELP } from './spec.ts'
import { systemReason } from './system-error.ts'
import type { ProveFlags } from './command-prove.ts'
import type { RunFlags } from './command-run.ts'
import type { ImageIdFlags } from './command-image-id.ts'
import type { SecurityFlags } from './command-security.ts'
import type { FindFlags, JsonFlag, ReplayFlags, ShowFlags } from './command-trace.ts'
import type { VerifyFlags } from './command-verify.ts'

/** Cycles that the trace format can count. */
const MOST_CYCLES = 2 ** 28 - 1
/** As the kernels'. */
const MOST_THREADS = 16

const PROFILE_HELP = `${PROFILE_NAMES.join(' or ')} (default: ${DEFAULT_PROFILE})`

const SALT_HELP = '32 bytes that hide secret bytes in the audit log (default: random)'

const STATUSES = `
Exit status:
  0    success
  1    the proof is rejected, the guest failed, a check does not hold, or memory does not suffice
  2    misuse: unknown flags, unreadable files, malformed input
  130  cancelled with Ctrl-C; nothing half-written is left behind

SPEC is ${SPEC_HELP}.
With --json, standard output is exactly one JSON document; progress goes to standard error.`

/**
 * Runs one command line and returns its exit status; never throws. Commands load their packages only when they
 * run, so that help and usage errors are immediate.
 */
export async function main(argv: readonly string[]): Promise<ExitStatus> {
  endOnClosedOutput()
  let status: ExitStatus = EXIT.ok
  const program = commands((result) => {
    status = result
  })
  try {
    await program.parseAsync(splitAssignments(argv), { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    // Commander has printed the help when a command was missing.
    if (error instanceof CommanderError && error.code === 'commander.help' && !wantsJson(argv))
      return EXIT.misuse
    return report(error instanceof CommanderError ? usageError(error) : error, argv)
  }
}

function commands(finish: (status: ExitStatus) => void): Command {
  const program = new Command('vouch')
  const action =
    <Args extends unknown[]>(load: () => Promise<(...args: Args) => Promise<ExitStatus>>) =>
    async (...args: [...Args, Command]): Promise<void> =>
      finish(await (await load())(...(args.slice(0, -1) as unknown as Args)))

  program
    .description('Runs RISC-V programs, and proves to anyone what they did.')
    .version(version(), '--version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError(true)
    .addHelpText(
      'after',
      `${STATUSES}

Example:
  $ vouch prove fib.elf --input hex:0a --out fib.vouch
  $ vouch verify fib.vouch --elf fib.elf`,
    )

  inputs(
    program
      .command('prove')
      .description('run a program and prove the run')
      .argument('<elf>', 'RV32IM program, static ELF32'),
  )
    .option('--profile <name>', PROFILE_HELP, choice('--profile', PROFILE_NAMES))
    .option('--out <file>', 'where the proof goes (default: <elf name>.vouch)', once('--out'))
    .option('--journal <file>', 'write the journal there too', once('--journal'))
    .option(
      '--audit <file>',
      'bind the proof to a log of every host call (default: only if it needs one, to <out>.audit)',
      once('--audit'),
    )
    .option(
      '--max-cycles <n>',
      'give up after n cycles (default: 8388608)',
      integer('--max-cycles', 1, MOST_CYCLES),
    )
    .option(
      '--max-memory <size>',
      'do not start if more would be needed: 4GiB, 512MiB',
      memorySize('--max-memory'),
    )
    .option(
      '--threads <n>',
      'work on n threads (default: one a core, at most 8)',
      integer('--threads', 1, MOST_THREADS),
    )
    .option('--no-verify', 'do not verify the new proof')
    .option('--salt <spec>', SALT_HELP, once('--salt'))
    .option('--quiet', 'no progress and no estimate')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `${STATUSES}

Examples:
  $ vouch prove fib.elf --input hex:0a --out fib.vouch
  $ vouch prove sha256.elf --input file:secret.bin --public-input text:hello --profile proven-100
  $ cat secret.bin | vouch prove sha256.elf --input - --json > report.json

A guest that calls its host beyond exit, read and write needs an audit log; verify needs that file too.
These proofs are not zero-knowledge yet: do not rely on them to hide the private input.`,
    )
    .action(action<[string, ProveFlags]>(async () => (await import('./command-prove.ts')).proveCommand))

  program
    .command('verify')
    .description('check a proof against a program')
    .argument('<proof>', 'file that prove wrote')
    .option('--elf <file>', 'the program the proof must be about', once('--elf'))
    .option('--image-id <hex>', 'or its image id', imageIdOption('--image-id'))
    .option('--public-input <spec>', 'the public input it must have read', once('--public-input'))
    .option('--journal <spec>', 'the journal it must have written', once('--journal'))
    .option(
      '--audit <file>',
      'the audit log it is bound to (default: <proof>.audit, if it is bound to one)',
      once('--audit'),
    )
    .option('--manifest <file>', 'the manifest its host must have served by', once('--manifest'))
    .option('--file <path>', FILE_HELP, repeated('--file'))
    .option(
      '--policy <file>',
      'JSON: manifest digest, services that may be used, advice that is accepted',
      once('--policy'),
    )
    .option('--min-bits <n>', 'least proven security (default: 100)', integer('--min-bits', 1, 1024))
    .option('--allow-failure', 'accept a proof of a run that ended with a non-zero exit code')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `${STATUSES}

Examples:
  $ vouch verify fib.vouch --elf fib.elf
  $ vouch verify fib.vouch --image-id $(vouch image-id fib.elf) --public-input file:claim.bin --json
  $ vouch verify price.vouch --elf price.elf --audit price.vouch.audit --policy policy.json`,
    )
    .action(action<[string, VerifyFlags]>(async () => (await import('./command-verify.ts')).verifyCommand))

  inputs(
    program
      .command('run')
      .description('run a program without proving')
      .argument('<elf>', 'RV32IM program, static ELF32'),
  )
    .option('--trace <file>', 'write the trace while running', once('--trace'))
    .option('--audit <file>', 'write the log of every host call while running', once('--audit'))
    .option('--resume', 'go on with the <file>.partial of --trace and --audit, which a kill left')
    .option(
      '--max-cycles <n>',
      'give up after n cycles (default: 268435455)',
      integer('--max-cycles', 1, MOST_CYCLES),
    )
    .option('--salt <spec>', SALT_HELP, once('--salt'))
    .option('--json', 'print one JSON document; the guest console goes to standard error')
    .addHelpText(
      'after',
      `${STATUSES}
A trace holds everything the guest read, the private input included.
The exit status is 1 when the guest exits with anything but 0. Its console is standard output; the report goes
to standard error.

Examples:
  $ vouch run fib.elf --input hex:0a
  $ vouch run fib.elf --input hex:0a --trace fib.trace --max-cycles 1000000
  $ vouch run job.elf --trace job.trace --audit job.audit --salt file:salt.bin --resume`,
    )
    .action(action<[string, RunFlags]>(async () => (await import('./command-run.ts')).runCommand))

  program
    .command('image-id')
    .description('print the image id of a program')
    .argument('<elf>', 'RV32IM program, static ELF32')
    .option('--profile <name>', PROFILE_HELP, choice('--profile', PROFILE_NAMES))
    .option('--json', 'print one JSON document')
    .addHelpText('after', `${STATUSES}\n\nExample:\n  $ vouch image-id fib.elf --profile proven-100`)
    .action(
      action<[string, ImageIdFlags]>(async () => (await import('./command-image-id.ts')).imageIdCommand),
    )

  program
    .command('security')
    .description('print the security of a proof, term by term')
    .option('--profile <name>', PROFILE_HELP, choice('--profile', PROFILE_NAMES))
    .option('--cycles <n>', 'cycles of the run (default: 1000000)', integer('--cycles', 1, MOST_CYCLES))
    .option('--json', 'print one JSON document')
    .addHelpText('after', `${STATUSES}\n\nExample:\n  $ vouch security --profile fast-100 --cycles 150000`)
    .action(action<[SecurityFlags]>(async () => (await import('./command-security.ts')).securityCommand))

  traceCommands(program, action)
  auditCommands(program, action, STATUSES)
  return program
}

function traceCommands(program: Command, action: Action): void {
  const trace = program
    .command('trace')
    .description('read a trace that run wrote')
    .addHelpText(
      'after',
      `${STATUSES}

Examples:
  $ vouch trace info fib.trace
  $ vouch trace show fib.trace --from 100 --count 20
  $ vouch trace find fib.trace --reg a0 --before 5000
  $ vouch trace find fib.trace --addr 0x10074
  $ vouch trace replay fib.trace --elf fib.elf --input hex:0a`,
    )
  trace
    .command('info')
    .description('what the trace holds; checks every byte of it')
    .argument('<file>', 'trace file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  $ vouch trace info fib.trace`)
    .action(action<[string, JsonFlag]>(async () => (await import('./command-trace.ts')).infoCommand))
  trace
    .command('show')
    .description('cycles, one a line')
    .argument('<file>', 'trace file')
    .option('--from <n>', 'first cycle (default: 1)', integer('--from', 1, MOST_CYCLES))
    .option('--count <m>', 'how many (default: 20)', integer('--count', 1, MOST_CYCLES))
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  $ vouch trace show fib.trace --from 100 --count 20`)
    .action(action<[string, ShowFlags]>(async () => (await import('./command-trace.ts')).showCommand))
  trace
    .command('find')
    .description('the last access to a memory word or a register')
    .argument('<file>', 'trace file')
    .option('--addr <a>', 'address in memory, such as 0x10074', addressOption('--addr'))
    .option('--reg <r>', 'register: x10 or a0', once('--reg'))
    .option('--before <n>', 'before cycle n (default: the end)', integer('--before', 1, MOST_CYCLES + 1))
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  $ vouch trace find fib.trace --reg a0 --before 5000`)
    .action(action<[string, FindFlags]>(async () => (await import('./command-trace.ts')).findCommand))
  inputs(
    trace
      .command('replay')
      .description('run the program again and compare with the trace')
      .argument('<file>', 'trace file')
      .requiredOption('--elf <file>', 'the program', once('--elf')),
  )
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  $ vouch trace replay fib.trace --elf fib.elf --input hex:0a`)
    .action(action<[string, ReplayFlags]>(async () => (await import('./command-trace.ts')).replayCommand))
}

function inputs(command: Command): Command {
  return command
    .option('--input <spec>', 'private input, file descriptor 0 of the guest', once('--input'))
    .option('--public-input <spec>', 'public input, file descriptor 4', once('--public-input'))
    .option('--manifest <file>', 'JSON: what the guest may ask of its host', once('--manifest'))
    .option('--file <path>', FILE_HELP, repeated('--file'))
}

/**
 * `--flag=value` as two arguments. Commander would quote a mistyped `--inptu=hex:…` whole, and with it what may
 * be the private input.
 */
function splitAssignments(argv: readonly string[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  return argv.flatMap((arg, i) => {
    const at = arg.indexOf('=')
    return i < end && arg.startsWith('--') && at > 0 ? [arg.slice(0, at), arg.slice(at + 1)] : [arg]
  })
}

/** Commander's complaint without the values that the user typed: flags and command names only. */
function usageError({ code, message }: CommanderError): Error {
  const text = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/unknown command '([^]*?)'(?= \(Did|$)/, (whole, name: string) =>
      /^[A-Za-z][A-Za-z-]{0,24}$/.test(name) ? whole : 'unknown command',
    )
    .replace(/unknown option '(-[^-'])[^]*?'(?= \(Did|$)/, "unknown option '$1'")
  if (code === 'commander.help') return misuse('cli/usage', 'expected a command')
  return misuse('cli/usage', text.trim())
}

function report(error: unknown, argv: readonly string[]): ExitStatus {
  const failure: Failure = describeError(error)
  if (wantsJson(argv)) {
    const { code, message, details } = failure
    process.stdout.write(toJson({ ok: false, error: { code, message, ...details } }) + '\n')
    return failure.exit
  }
  const hint = failure.code === 'cli/usage' ? `\nSee: vouch ${subject(argv)}--help` : ''
  process.stderr.write(`error: ${plain(failure.message)}${hint}\n`)
  if (failure.code === 'internal' && process.env['VOUCH_DEBUG'] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack}\n`)
  return failure.exit
}

/** The command that was meant, for the pointer to its help. */
function subject(argv: readonly string[]): string {
  const known = ['prove', 'verify', 'run', 'image-id', 'security', 'trace', 'audit']
  const name = argv.find((arg) => known.includes(arg))
  return name === undefined ? '' : `${name} `
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json')
}

/**
 * `vouch trace show … | head` must end without a stack trace, and a report that nobody can read is no success: the
 * status is 0 only if it was so already.
 */
function endOnClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.failed)
      if (stream === process.stdout)
        process.stderr.write(`error: cannot write standard output: ${systemReason(error)}\n`)
      process.exit(EXIT.misuse)
    })
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
