import { sha256 as noble } from '@noble/hashes/sha2.js'

/** SHA-256 of the parts in order; 32 bytes. */
export type Sha256 = (...parts: Uint8Array[]) => Uint8Array

/** In plain JavaScript, for where the platform has none that answers at once. */
export const sha256: Sha256 = (...parts) => {
  const hash = noble.create()
  for (const part of parts) hash.update(part)
  return hash.digest()
}
