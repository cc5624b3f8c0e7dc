import { parseManifest } from '@vouch/bridge'
import type { Manifest } from '@vouch/bridge'
import { misuse } from './cli-error.ts'
import { readFileBounded } from './read-file.ts'

/** A manifest file that nobody would write is not read. */
const MAX_MANIFEST_FILE = 2 ** 20

/** The manifest in a file. Throws `CliError` (misuse), and `ManifestError` with the place of what is wrong. */
export async function readManifest(flag: string, path: string): Promise<Manifest> {
  return parseManifest(new TextDecoder().decode(await readFileBounded(flag, path, MAX_MANIFEST_FILE)))
}

/** 32 bytes. */
export function checkSalt(flag: string, salt: Uint8Array | undefined): Uint8Array | undefined {
  if (salt !== undefined && salt.length !== 32)
    throw misuse('input/salt', `${flag}: expected 32 bytes, got ${salt.length}`)
  return salt
}
