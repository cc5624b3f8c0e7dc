import type { Manifest } from './manifest.ts'
import type { GrantedHandler } from './host-call.ts'

export interface Time {
  readonly seconds: number
  readonly nanoseconds: number
}

/** What a session is told from outside its guest: by the world when it runs, by the log when it is replayed. */
export interface Environment {
  /** Whether guest memory that no log shows can be seen. */
  readonly sees: boolean
  readonly manifest: Manifest
  /** Of the random stream. */
  readonly seed: Uint8Array
  readonly publicInput: Uint8Array
  /** Bytes of a file of the manifest. */
  file(digest: string): Uint8Array
  /** How many of `asked` bytes of the private input the guest gets. */
  privateCount(at: number, asked: number): number
  privateBytes(at: number, count: number): Uint8Array
  now(): Time
  /** Bytes that no log shows. */
  random(count: number): Uint8Array
  /** The digest of a hidden section. */
  hiddenDigest(seq: number, index: number, bytes: Uint8Array): Uint8Array
  handler(name: string): GrantedHandler | undefined
  /** Told of each read of guest memory before it happens. Throws where a log does not show the bytes. */
  readonly reads?: (address: number, length: number) => void
}
