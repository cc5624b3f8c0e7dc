import { toHex } from './audit-bytes.ts'
import type { LoggedRecord, OpenedLog } from './audit-open.ts'
import type { AssuranceClass, AuditRecord, Outcome, Section } from './record.ts'

/** What a record's numbers are called. What a name does not say is shown as a number. */
export interface CallNames {
  readonly nameOf: (number: number) => string | undefined
  /** How many arguments a call takes; where it is not known, those up to the last that is not 0 are shown. */
  readonly argsOf?: (number: number) => number | undefined
  readonly errnoOf?: (errno: number) => string | undefined
}

/** Controls, C1 controls, line separators and bidirectional overrides: nothing that a terminal may act on. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

const plain = (text: string): string => text.replace(UNSAFE, '?')
const hex = (value: number): string => `0x${value.toString(16)}`

/** A record as one line of JSON, with the field names of `AuditRecord`; bytes as hex, and the name where one is known. */
export function recordJson(record: AuditRecord, nameOf?: CallNames['nameOf']): string {
  const { seq, clk, pc, nextPc, number, ...rest } = record
  const name = nameOf?.(number)
  const named = { seq, clk, pc, nextPc, number, ...(name === undefined ? {} : { name }), ...rest }
  return JSON.stringify(named, (_key, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value))
}

/** A record as one line in the manner of strace: `[clk] read(0, 0x20000, 16) = 11 <private>`. */
export function straceLine(record: AuditRecord, names: CallNames): string {
  const { number, args, result, errno } = record
  const used = names.argsOf?.(number) ?? args.findLastIndex((arg) => arg !== 0) + 1
  const call = `${names.nameOf(number) ?? `syscall_${number}`}(${args.slice(0, used).map(argument).join(', ')})`
  const value = record.outcome === 'noreturn' ? '?' : resultText(result)
  const error = errno === 0 ? '' : ` ${names.errnoOf?.(errno) ?? `errno ${errno}`}`
  const marks = marksOf(record).map((mark) => ` <${mark}>`)
  return plain(`[${record.clk}] ${call} = ${value}${error}${marks.join('')}`)
}

/** Small and negative numbers in decimal, the others, which may be addresses, in hex. */
function argument(value: number): string {
  const signed = value | 0
  return signed >= -4096 && signed < 4096 ? String(signed) : hex(value)
}

/** No call moves 2^28 bytes: what is larger is an address. */
const resultText = (result: number): string =>
  result < -4095 || result >= 2 ** 28 ? hex(result >>> 0) : String(result)

function marksOf(record: AuditRecord): string[] {
  const marks: string[] = []
  if (record.outcome === 'deny') marks.push('denied')
  if (record.outcome === 'partial') marks.push('partial')
  if (record.fault !== 'none' && record.fault !== 'capability')
    marks.push(`${record.fault} at ${hex(record.faultAddress)}`)
  if (record.sections.some(({ hidden }) => hidden)) marks.push('private')
  else if (record.class === 'A' && record.errno === 0) marks.push('advice')
  if (record.charged > 0) marks.push(`charged ${record.charged}`)
  if (record.outcome !== 'noreturn' && record.nextPc !== record.pc + 4)
    marks.push(`goes to ${hex(record.nextPc)}`)
  return marks
}

/** A field that two records, or two logs, do not agree on. */
export interface FieldDifference {
  readonly field: string
  readonly a: string | number
  readonly b: string | number
}

/**
 * The fields in which two records differ. Digests of sections that are hidden in both are not compared: each run has its
 * own salt.
 */
export function diffRecords(a: AuditRecord, b: AuditRecord): FieldDifference[] {
  const differences: FieldDifference[] = []
  const compare = (field: string, x: unknown, y: unknown): void => {
    const [left, right] = [shown(x), shown(y)]
    if (left !== right) differences.push({ field, a: left, b: right })
  }
  const { args: argsA, sections: sectionsA, ...fieldsA } = a
  const { args: argsB, sections: sectionsB, ...fieldsB } = b
  for (const field of Object.keys(fieldsA) as (keyof typeof fieldsA)[])
    compare(field, fieldsA[field], fieldsB[field])
  for (let i = 0; i < Math.max(argsA.length, argsB.length); i++) compare(`args[${i}]`, argsA[i], argsB[i])
  compare('sections.length', sectionsA.length, sectionsB.length)
  for (let i = 0; i < Math.min(sectionsA.length, sectionsB.length); i++)
    for (const field of ['kind', 'address', 'length', 'hidden', 'digest', 'payload'] as const)
      if (field !== 'digest' || !sectionsA[i].hidden || !sectionsB[i].hidden)
        compare(`sections[${i}].${field}`, valueOf(sectionsA[i], field), valueOf(sectionsB[i], field))
  return differences
}

const valueOf = (section: Section, field: keyof Section): unknown => section[field]

function shown(value: unknown): string | number {
  if (value instanceof Uint8Array) return toHex(value)
  return typeof value === 'number' ? value : String(value)
}

/** Where two logs first differ; `seq` is absent when it is their manifests. */
export interface LogDifference {
  readonly seq?: number
  readonly fields: readonly FieldDifference[]
}

/** The first difference of two logs; undefined when, but for salted digests, there is none. */
export function diffLogs(a: OpenedLog, b: OpenedLog): LogDifference | undefined {
  if (a.manifestDigest !== b.manifestDigest)
    return { fields: [{ field: 'manifestDigest', a: a.manifestDigest, b: b.manifestDigest }] }
  const [countA, countB] = [a.records.length, b.records.length]
  for (let seq = 0; seq < Math.min(countA, countB); seq++) {
    const fields = diffRecords(a.records[seq].record, b.records[seq].record)
    if (fields.length > 0) return { seq, fields }
  }
  if (countA === countB) return undefined
  return { seq: Math.min(countA, countB), fields: [{ field: 'records', a: countA, b: countB }] }
}

/** Conditions that a record must all meet. */
export interface LogQuery {
  readonly name?: string
  readonly number?: number
  readonly errno?: number
  readonly outcome?: Outcome
  readonly class?: AssuranceClass
  /** Least and greatest pc. */
  readonly pcFrom?: number
  readonly pcTo?: number
}

/** The records that a query finds, in order. */
export function grepLog(
  records: readonly LoggedRecord[],
  query: LogQuery,
  nameOf: CallNames['nameOf'],
): AuditRecord[] {
  const { pcFrom = 0, pcTo = 0xffffffff } = query
  const is = <T>(wanted: T | undefined, value: T): boolean => wanted === undefined || wanted === value
  return records
    .map(({ record }) => record)
    .filter(
      (r) =>
        is(query.number, r.number) &&
        is(query.errno, r.errno) &&
        is(query.outcome, r.outcome) &&
        is(query.class, r.class) &&
        r.pc >= pcFrom &&
        r.pc <= pcTo &&
        (query.name === undefined || nameOf(r.number) === query.name),
    )
}
