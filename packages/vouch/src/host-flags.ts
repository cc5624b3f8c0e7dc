import { ManifestError, parseManifest } from '@vouch/bridge'
import type { Manifest } from '@vouch/bridge'
import { nativeSha256 } from '@vouch/bridge/node'
import { misuse } from './cli-error.ts'
import { toHex } from './format.ts'
import { readFileBounded } from './read-file.ts'

/** A manifest file that nobody would write is not read. */
const MAX_MANIFEST_FILE = 2 ** 20

/** The manifest in a file. Throws `CliError` (misuse), with the place of what is wrong. */
export async function readManifest(flag: string, path: string): Promise<Manifest> {
  const text = new TextDecoder().decode(await readFileBounded(flag, path, MAX_MANIFEST_FILE))
  try {
    return parseManifest(text)
  } catch (error) {
    throw error instanceof ManifestError ? misuse(error.code, `${flag}: ${path}: ${error.message}`) : error
  }
}

/** The files that a manifest may name, by their digest. */
export async function readFiles(
  flag: string,
  paths: readonly string[] = [],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const path of paths) {
    const bytes = await readFileBounded(flag, path)
    files.set(toHex(nativeSha256(bytes)), bytes)
  }
  return files
}

/** 32 bytes. */
export function checkSalt(flag: string, salt: Uint8Array | undefined): Uint8Array | undefined {
  if (salt !== undefined && salt.length !== 32)
    throw misuse('input/salt', `${flag}: expected 32 bytes, got ${salt.length}`)
  return salt
}
