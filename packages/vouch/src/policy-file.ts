import { repeatedKey } from '@vouch/bridge'
import type { Policy } from '@vouch/verifier'
import { misuse } from './cli-error.ts'
import { readFileBounded } from './read-file.ts'

const MAX_POLICY_FILE = 2 ** 20
const KEYS = ['manifest', 'services', 'advice']

/**
 * A policy from a JSON file: `manifest`, a digest of 64 hex digits; `services` and `advice`, lists of names. Anything
 * else is refused: a mistyped key would be a wider policy than was meant. Throws `CliError` (misuse, input/policy).
 */
export async function readPolicy(flag: string, path: string): Promise<Policy> {
  const fail = (what: string): Error => misuse('input/policy', `${flag}: ${path}: ${what}`)
  const text = new TextDecoder().decode(await readFileBounded(flag, path, MAX_POLICY_FILE))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw fail('not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('expected an object')
  const fields = value as Readonly<Record<string, unknown>>
  const unknown = Object.keys(fields).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) throw fail(`unknown key ${JSON.stringify(unknown)}; known: ${KEYS.join(', ')}`)
  // JSON.parse would keep the last of two.
  const repeated = repeatedKey(text)
  if (repeated !== undefined) throw fail(`${JSON.stringify(repeated)} is given twice`)
  const { manifest, services, advice } = fields
  if (manifest !== undefined && !(typeof manifest === 'string' && /^[0-9a-fA-F]{64}$/.test(manifest)))
    throw fail('manifest: expected 64 hex digits')
  for (const [key, names] of Object.entries({ services, advice }))
    if (names !== undefined && !isNames(names)) throw fail(`${key}: expected a list of names`)
  return {
    ...(manifest === undefined ? {} : { manifest: manifest as string }),
    ...(services === undefined ? {} : { services: services as string[] }),
    ...(advice === undefined ? {} : { advice: advice as string[] }),
  }
}

const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string')
