import type { Kernels } from './kernels.ts'
import { referenceKernels } from './reference.ts'

export interface KernelOptions {
  readonly kind?: 'wasm' | 'reference'
  /** The most words that `alloc` gives out; past it OutOfMemory. */
  readonly maxWords?: number
}

/** Kernels with a memory of their own. 'wasm' needs `simd128`; the host's compile error comes through. */
export async function createKernels(options: KernelOptions = {}): Promise<Kernels> {
  return referenceKernels(options.maxWords)
}
