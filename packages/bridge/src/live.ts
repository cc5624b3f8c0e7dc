import { sha256 as platformSha256 } from '@vouch/hash'
import type { Sha256 } from '@vouch/hash'
import type { Environment, Time } from './environment.ts'
import type { GrantedHandler, Handler } from './host-call.ts'
import type { Manifest } from './manifest.ts'
import { MAX_STREAM_BYTES } from './streams.ts'

/** Wrong use of a bridge. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError'
  readonly code: 'bridge/input' | 'bridge/file' | 'bridge/call' | 'bridge/advice' | 'bridge/resume'
  constructor(code: BridgeError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Files by the SHA-256 of their bytes, in hex. */
export type Files = ReadonlyMap<string, Uint8Array>

export interface LiveOptions {
  /** Descriptor 0. */
  readonly privateInput?: Uint8Array
  /** Descriptor 4. */
  readonly publicInput?: Uint8Array
  readonly files?: Files
  /** 32 bytes, of which the digests of hidden bytes are made; random unless given. */
  readonly salt?: Uint8Array
  readonly sha256?: Sha256
  /** Nanoseconds since 1970, for a manifest with `clock` 'advice'. */
  readonly now?: () => bigint | number
  /** Secret random bytes, for a manifest with `random` 'advice'. */
  readonly random?: (count: number) => Uint8Array
}

export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))

const seedOf = ({ random }: Manifest): Uint8Array =>
  random.mode === 'seed' ? fromHex(random.seed) : new Uint8Array(32)

const EMPTY = new Uint8Array(0)

/** What replay and run have in common. */
export function publicSide(
  manifest: Manifest,
  publicInput: Uint8Array = EMPTY,
  files: Files = new Map(),
  sha256: Sha256 = platformSha256,
): Pick<Environment, 'manifest' | 'seed' | 'publicInput' | 'file'> {
  const hex = (bytes: Uint8Array): string =>
    Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
  if (publicInput.length > MAX_STREAM_BYTES)
    throw new BridgeError('bridge/input', `an input has at most ${MAX_STREAM_BYTES} bytes`)
  for (const { sha256: digest } of manifest.fds) {
    if (digest === undefined) continue
    const bytes = files.get(digest)
    if (bytes === undefined) throw new BridgeError('bridge/file', `no file ${digest}`)
    if (hex(sha256(bytes)) !== digest) throw new BridgeError('bridge/file', `a file is not ${digest}`)
  }
  return { manifest, seed: seedOf(manifest), publicInput, file: (digest) => files.get(digest)! }
}

/** A host that cannot answer ends the run: the guest's call did not fail. */
function asked<T>(name: 'now' | 'random', answer: () => T): T {
  try {
    return answer()
  } catch (cause) {
    throw new BridgeError('bridge/advice', `\`${name}\` threw: ${String(cause)}`)
  }
}

/** The world of a run. */
export class Live implements Environment {
  readonly sees = true
  readonly manifest: Manifest
  readonly seed: Uint8Array
  readonly publicInput: Uint8Array
  readonly file: (digest: string) => Uint8Array
  readonly handlers = new Map<string, Handler>()
  protected readonly privateInput: Uint8Array
  private readonly options: LiveOptions
  private readonly sha256: Sha256
  private readonly salt: Uint8Array
  /** seq and index of a section. */
  private readonly place = new Uint8Array(8)
  private readonly placeView = new DataView(this.place.buffer)

  constructor(manifest: Manifest, options: LiveOptions) {
    const { privateInput = EMPTY, publicInput, files, sha256 = platformSha256 } = options
    const common = publicSide(manifest, publicInput, files, sha256)
    this.manifest = manifest
    this.seed = common.seed
    this.publicInput = common.publicInput
    this.file = common.file
    if (privateInput.length > MAX_STREAM_BYTES)
      throw new BridgeError('bridge/input', `an input has at most ${MAX_STREAM_BYTES} bytes`)
    this.privateInput = privateInput
    this.options = options
    this.sha256 = sha256
    this.salt = options.salt?.slice() ?? globalThis.crypto.getRandomValues(new Uint8Array(32))
    if (this.salt.length !== 32) throw new BridgeError('bridge/input', 'a salt has 32 bytes')
    if (manifest.clock.mode === 'advice' && options.now === undefined)
      throw new BridgeError('bridge/advice', "the manifest's clock is advice, and there is no `now`")
    if (manifest.random.mode === 'advice' && options.random === undefined)
      throw new BridgeError(
        'bridge/advice',
        "the manifest's random bytes are advice, and there is no `random`",
      )
  }

  privateCount(at: number, asked: number): number {
    return Math.min(asked, this.privateInput.length - at)
  }

  privateBytes(at: number, count: number): Uint8Array {
    return this.privateInput.subarray(at, at + count)
  }

  now(): Time {
    const time = asked('now', () => BigInt(this.options.now!()))
    return { seconds: Number(time / 1_000_000_000n), nanoseconds: Number(time % 1_000_000_000n) }
  }

  random(count: number): Uint8Array {
    const bytes = asked('random', () => this.options.random!(count))
    if (bytes.length !== count)
      throw new BridgeError(
        'bridge/advice',
        `\`random\` was asked for ${count} bytes, and gave ${bytes.length}`,
      )
    return bytes
  }

  hiddenDigest(seq: number, index: number, bytes: Uint8Array): Uint8Array {
    this.placeView.setUint32(0, seq, true)
    this.placeView.setUint32(4, index, true)
    return this.sha256(this.salt, this.place, bytes)
  }

  handler(name: string): GrantedHandler | undefined {
    return this.handlers.get(name)
  }
}
