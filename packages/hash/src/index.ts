export { eachKeyedBlake3, keyOf, keyedBlake3 } from './blake3.ts'
export type { HashEach, KeyedHash } from './blake3.ts'
export { sha256 } from './sha256.ts'
export type { Sha256 } from './sha256.ts'
