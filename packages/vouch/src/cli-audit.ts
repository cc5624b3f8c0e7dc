import type { Command } from 'commander'
import { misuse } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { addressOption, choice, imageIdOption, integer, once, repeated } from './options.ts'
import type { AuditDiffFlags, AuditGrepFlags, AuditShowFlags, AuditVerifyFlags } from './command-audit.ts'

export type Action = <Args extends unknown[]>(
  load: () => Promise<(...args: Args) => Promise<ExitStatus>>,
) => (...args: [...Args, Command]) => Promise<void>

/** As in @vouch/bridge, which is too heavy to load for `--help`; a test compares the two. */
export const OUTCOME_NAMES = ['commit', 'abort', 'partial', 'deny', 'noreturn'] as const
export const CLASS_NAMES = ['D', 'A', 'P'] as const

const MOST_RECORDS = 2 ** 28
export const FILE_HELP = 'a file that the manifest names; may be given again'
const LINES = 'one JSON document a line'

/** `audit` and its subcommands. */
export function auditCommands(program: Command, action: Action, statuses: string): void {
  const audit = program
    .command('audit')
    .description('read an audit log that run or prove wrote')
    .addHelpText(
      'after',
      `${statuses}
With --json, show and grep print one JSON document a record, each on its line.

Examples:
  $ vouch audit show job.audit --from 100 --count 20
  $ vouch audit verify job.audit --public-input file:claim.bin
  $ vouch audit diff yesterday.audit today.audit
  $ vouch audit grep job.audit --name read --errno EFAULT`,
    )
  audit
    .command('show')
    .description('host calls, one a line')
    .argument('<log>', 'audit log')
    .option('--from <n>', 'first record (default: 0)', integer('--from', 0, MOST_RECORDS))
    .option('--count <m>', 'how many (default: all)', integer('--count', 1, MOST_RECORDS))
    .option('--json', LINES)
    .addHelpText(
      'after',
      `
A line is [cycle] name(arguments) = result, an error, and <marks>: private for bytes that the log hides,
advice for what the host was free to say. A log that was cut is shown as far as it is whole.

Example:
  $ vouch audit show job.audit --from 100 --count 20`,
    )
    .action(
      action<[string, AuditShowFlags]>(async () => (await import('./command-audit.ts')).auditShowCommand),
    )
  audit
    .command('verify')
    .description('check every byte of a log, and serve its calls again')
    .argument('<log>', 'audit log')
    .option('--root <hex>', 'the root it must have', imageIdOption('--root'))
    .option('--public-input <spec>', 'the public input of the run', once('--public-input'))
    .option('--file <path>', FILE_HELP, repeated('--file'))
    .option('--no-replay', 'do not serve the calls again')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
This says that the log is a possible one. Only vouch verify says that a program made these calls.

Example:
  $ vouch audit verify job.audit --public-input file:claim.bin --root 4f1c…`,
    )
    .action(
      action<[string, AuditVerifyFlags]>(async () => (await import('./command-audit.ts')).auditVerifyCommand),
    )
  audit
    .command('diff')
    .description('the first record in which two logs differ')
    .argument('<a>', 'audit log')
    .argument('<b>', 'audit log')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Salted digests are not compared: they differ from run to run. The status is 1 when the logs differ.

Example:
  $ vouch audit diff yesterday.audit today.audit`,
    )
    .action(
      action<[string, string, AuditDiffFlags]>(
        async () => (await import('./command-audit.ts')).auditDiffCommand,
      ),
    )
  audit
    .command('grep')
    .description('the records that meet all conditions')
    .argument('<log>', 'audit log')
    .option('--name <name>', 'name of the call, such as read', once('--name'))
    .option('--number <n>', 'number of the call', integer('--number', 0, 2 ** 32 - 1))
    .option('--errno <e>', 'error, such as EFAULT or 14; 0 for none', once('--errno'))
    .option('--outcome <o>', OUTCOME_NAMES.join(', '), choice('--outcome', OUTCOME_NAMES))
    .option('--class <c>', 'D replayed, A advice, P output', choice('--class', CLASS_NAMES))
    .option('--pc <range>', 'address of the ecall: 0x10074, or 0x10000-0x10fff', pcRange('--pc'))
    .option('--json', LINES)
    .addHelpText(
      'after',
      `
The status is 1 when no record is found.

Examples:
  $ vouch audit grep job.audit --name read --errno EFAULT
  $ vouch audit grep job.audit --outcome deny --json`,
    )
    .action(
      action<[string, AuditGrepFlags]>(async () => (await import('./command-audit.ts')).auditGrepCommand),
    )
}

/** One address, or two with a dash. */
function pcRange(flag: string) {
  return (value: string, previous: readonly [number, number] | undefined): readonly [number, number] => {
    if (previous !== undefined) throw misuse('cli/repeated', `${flag} is given twice`)
    const [from = '', to = from, ...more] = value.split('-')
    const range = [addressOption(flag)(from, undefined), addressOption(flag)(to, undefined)] as const
    if (more.length > 0 || range[0] > range[1])
      throw misuse('cli/value', `${flag}: expected an address, or two with a dash, the lower one first`)
    return range
  }
}
