import type { Kernels } from './kernels.ts'
import { referenceKernels } from './reference.ts'
import { wasmKernels } from './wasm.ts'
import type { Threads } from './wasm.ts'

export interface KernelOptions {
  readonly kind?: 'wasm' | 'reference'
  /** The most words that `alloc` gives out; past it OutOfMemory. */
  readonly maxWords?: number
  /**
   * Threads that 'wasm' works on; the caller's alone unless told otherwise, and where memory cannot be shared. The others
   * start in the background and end with `close`.
   */
  readonly threads?: Threads
}

/** Kernels with a memory of their own. 'wasm' needs `simd128`; without it the host's compile error comes through. */
export async function createKernels({ kind, ...options }: KernelOptions = {}): Promise<Kernels> {
  return kind === 'reference' ? referenceKernels(options.maxWords) : wasmKernels(options)
}
