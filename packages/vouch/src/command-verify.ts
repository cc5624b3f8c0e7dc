import { EXIT, misuse } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import { bits, byteSize, count, plain, printableText, rate, seconds, shownBytes, toJson } from './format.ts'
import { readFileBounded } from './read-file.ts'
import { verify } from './sdk-verify.ts'
import type { Rejected } from './sdk-verify.ts'
import { readSpecs } from './spec.ts'
import { NOT_ZERO_KNOWLEDGE, securityDocument, securityLine, table } from './summary.ts'

export interface VerifyFlags {
  readonly elf?: string
  readonly imageId?: string
  readonly publicInput?: string
  readonly journal?: string
  readonly minBits?: number
  readonly allowFailure?: true
  readonly json?: true
}

export async function verifyCommand(path: string, flags: VerifyFlags): Promise<ExitStatus> {
  if ((flags.elf === undefined) === (flags.imageId === undefined))
    throw misuse('cli/usage', 'expected either --elf or --image-id: a proof is about one program')
  const elf = flags.elf === undefined ? undefined : await readFileBounded('--elf', flags.elf)
  const specs = await readSpecs({ '--public-input': flags.publicInput, '--journal': flags.journal })
  const proof = await readFileBounded('<proof>', path)
  const verdict = await verify(proof, {
    ...(elf === undefined ? { imageId: flags.imageId! } : { elf }),
    ...(specs['--public-input'] === undefined ? {} : { publicInput: specs['--public-input'] }),
    ...(specs['--journal'] === undefined ? {} : { journal: specs['--journal'] }),
    ...(flags.minBits === undefined ? {} : { minBits: flags.minBits }),
    ...(flags.allowFailure === undefined ? {} : { allowFailure: true }),
  })
  if (!verdict.ok) return reject(verdict, proof.length, flags)
  const { security, journal } = verdict
  if (flags.json) {
    const text = printableText(journal)
    const document = {
      ...verdict,
      ...(text === undefined ? {} : { journalText: JSON.parse(text) as string }),
      security: securityDocument(security),
      proofBytes: proof.length,
    }
    process.stdout.write(toJson(document) + '\n')
    return EXIT.ok
  }
  process.stdout.write(
    table([
      ['verdict', 'accepted'],
      ['image id', verdict.imageId],
      ['profile', verdict.profile],
      ['public input', shownBytes(verdict.publicInput)],
      ['journal', shownBytes(journal)],
      ['exit code', `${verdict.exitCode} (${verdict.halt})`],
      ['cycles', count(verdict.cycles)],
      ['security', securityLine(security)],
      ['zero-knowledge', NOT_ZERO_KNOWLEDGE],
      ['proof', byteSize(proof.length)],
      ['time', `${seconds(verdict.seconds)} (${rate(proof.length, verdict.seconds, 'B')})`],
    ]),
  )
  return EXIT.ok
}

function reject({ failure }: Rejected, proofBytes: number, flags: VerifyFlags): ExitStatus {
  if (flags.json) {
    process.stdout.write(toJson({ ok: false, failure, proofBytes }) + '\n')
    return EXIT.failed
  }
  process.stdout.write(
    table([
      ['verdict', 'REJECTED'],
      ['check', failure.code],
      ['because', because(failure)],
      ['expected', shown(failure.expected)],
      ['got', shown(failure.got)],
    ]),
  )
  return EXIT.failed
}

/** The sentence without the two values, which have lines of their own. */
function because({ message, expected, got }: Rejected['failure']): string {
  const tail = `: expected ${expected}, got ${got}`
  return plain(message.endsWith(tail) ? message.slice(0, -tail.length) : message)
}

function shown(value: string | number): string {
  return typeof value === 'string' ? plain(value) : Number.isInteger(value) ? String(value) : bits(value)
}
