import { existsSync } from 'node:fs'
import { manifestDigest, MAX_LOG_BYTES } from '@vouch/bridge'
import { decodeProofFile } from '@vouch/verifier'
import type { Accepted, Policy } from '@vouch/verifier'
import { EXIT, misuse } from './cli-error.ts'
import type { ExitStatus } from './cli-error.ts'
import {
  bits,
  byteSize,
  count,
  plain,
  printableText,
  rate,
  seconds,
  shownBytes,
  toHex,
  toJson,
} from './format.ts'
import { readFiles, readManifest } from './host-flags.ts'
import { readPolicy } from './policy-file.ts'
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
  readonly audit?: string
  readonly manifest?: string
  readonly file?: readonly string[]
  readonly policy?: string
  readonly minBits?: number
  readonly allowFailure?: true
  readonly json?: true
}

export async function verifyCommand(path: string, flags: VerifyFlags): Promise<ExitStatus> {
  if ((flags.elf === undefined) === (flags.imageId === undefined))
    throw misuse('cli/usage', 'expected either --elf or --image-id: a proof is about one program')
  const elf = flags.elf === undefined ? undefined : await readFileBounded('--elf', flags.elf)
  const specs = await readSpecs({ '--public-input': flags.publicInput, '--journal': flags.journal })
  const policy = await policyOf(flags)
  const proof = await readFileBounded('<proof>', path)
  const audit = await auditOf(path, proof, flags)
  const verdict = await verify(proof, {
    ...(elf === undefined ? { imageId: flags.imageId! } : { elf }),
    ...(specs['--public-input'] === undefined ? {} : { publicInput: specs['--public-input'] }),
    ...(specs['--journal'] === undefined ? {} : { journal: specs['--journal'] }),
    ...(audit === undefined ? {} : { audit }),
    policy,
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
      ...auditRows(verdict),
      ['security', securityLine(security)],
      ['zero-knowledge', NOT_ZERO_KNOWLEDGE],
      ['proof', byteSize(proof.length)],
      ['time', `${seconds(verdict.seconds)} (${rate(proof.length, verdict.seconds, 'B')})`],
    ]),
  )
  return EXIT.ok
}

async function policyOf(flags: VerifyFlags): Promise<Policy> {
  const policy: Policy = {
    ...(flags.policy === undefined ? {} : await readPolicy('--policy', flags.policy)),
    files: await readFiles('--file', flags.file),
  }
  if (flags.manifest === undefined) return policy
  const manifest = toHex(manifestDigest(await readManifest('--manifest', flags.manifest)))
  if (policy.manifest !== undefined && policy.manifest.toLowerCase() !== manifest)
    throw misuse('cli/usage', '--manifest is another manifest than the one that --policy names')
  return { ...policy, manifest }
}

/** The log that is named, or the one that `prove` wrote beside the proof, if the proof is bound to one. */
async function auditOf(path: string, proof: Uint8Array, flags: VerifyFlags): Promise<Uint8Array | undefined> {
  if (flags.audit !== undefined) return readFileBounded('--audit', flags.audit, MAX_LOG_BYTES)
  const beside = `${path}.audit`
  // The verifier says that it is missing, and how long it should be.
  if (!isBoundToLog(proof) || !existsSync(beside)) return undefined
  return readFileBounded('--audit', beside, MAX_LOG_BYTES)
}

/** False for bytes that are no proof: the verifier says what is wrong with them. */
function isBoundToLog(proof: Uint8Array): boolean {
  try {
    return decodeProofFile(proof).statement.audit !== undefined
  } catch {
    return false
  }
}

function auditRows({ audit }: Accepted): [string, string][] {
  if (audit === undefined) return []
  const by = (assurance: string): string =>
    Object.entries(audit.services)
      .filter(([, s]) => s.assurance === assurance)
      .map(([name, s]) => `${plain(name)} ${count(s.count)}`)
      .join(', ') || 'none'
  return [
    ['audit log', `${count(audit.records)} records, ${count(audit.denied)} denied, root ${audit.root}`],
    ['manifest', audit.manifest],
    ['  proved', by('proved')],
    ['  replayed', by('replayed')],
    ['  advice', by('advice')],
    ...(audit.charged === 0 ? [] : [['charged', `${count(audit.charged)} cycles`] as [string, string]]),
  ]
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
      ...(failure.record === undefined ? [] : [['record', String(failure.record)] as const]),
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
