import { misuse } from './cli-error.ts'

/** As in @vouch/stark, which is too heavy to load for `--help`; a test compares the two. */
export const PROFILE_NAMES = ['fast-100', 'proven-100'] as const

/** As the prover's; always passed on, so that `prove` and `image-id` cannot disagree. */
export const DEFAULT_PROFILE = 'proven-100'

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
}

/** A parser for one string option: given once, and not swallowing the next flag. */
export function once(flag: string) {
  return (value: string, previous: string | undefined): string => {
    if (previous !== undefined) throw misuse('cli/repeated', `${flag} is given twice`)
    if (value.startsWith('--')) throw misuse('cli/usage', `${flag}: argument missing`)
    if (value === '') throw misuse('cli/value', `${flag}: expected a value, got nothing`)
    return value
  }
}

/** A string option that may be given more than once. */
export function repeated(flag: string) {
  return (value: string, previous: readonly string[] = []): string[] => [
    ...previous,
    once(flag)(value, undefined),
  ]
}

/** A whole number of `least..most`. Only decimal digits: no sign, exponent or separator. */
export function integer(flag: string, least: number, most: number) {
  return (value: string, previous: number | undefined): number => {
    if (previous !== undefined) throw misuse('cli/repeated', `${flag} is given twice`)
    const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most))
      throw misuse('cli/value', `${flag}: expected a whole number from ${least} to ${most}`)
    return number
  }
}

/** Decimal or 0x hexadecimal, a 32-bit address. */
export function addressOption(flag: string) {
  return (value: string, previous: number | undefined): number => {
    if (previous !== undefined) throw misuse('cli/repeated', `${flag} is given twice`)
    const number = /^(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(value) ? Number(value) : Number.NaN
    if (!(number < 2 ** 32)) throw misuse('cli/value', `${flag}: expected an address such as 0x10074`)
    return number
  }
}

/** Bytes: 512MiB, 4G, 1073741824. Units are binary. */
export function memorySize(flag: string) {
  return (value: string, previous: number | undefined): number => {
    if (previous !== undefined) throw misuse('cli/repeated', `${flag} is given twice`)
    const match = /^([0-9]{1,15})(?:\.([0-9]{1,3}))?\s*([KMGT]?)(?:i?B)?$/i.exec(value)
    const bytes =
      match === null ? Number.NaN : Number(`${match[1]}.${match[2] ?? '0'}`) * UNITS[match[3]!.toUpperCase()]!
    if (!(bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER))
      throw misuse('cli/value', `${flag}: expected a size such as 4GiB or 512MiB`)
    return Math.floor(bytes)
  }
}

/** One of `names`. */
export function choice<Name extends string>(flag: string, names: readonly Name[]) {
  return (value: string, previous: Name | undefined): Name => {
    if (previous !== undefined) throw misuse('cli/repeated', `${flag} is given twice`)
    const found = names.find((name) => name === value)
    if (found === undefined) throw misuse('cli/value', `${flag}: expected ${names.join(' or ')}`)
    return found
  }
}

/** 64 hex digits, in lower case. */
export function imageIdOption(flag: string) {
  return (value: string, previous: string | undefined): string => {
    if (previous !== undefined) throw misuse('cli/repeated', `${flag} is given twice`)
    if (!/^[0-9a-fA-F]{64}$/.test(value)) throw misuse('cli/value', `${flag}: expected 64 hex digits`)
    return value.toLowerCase()
  }
}
