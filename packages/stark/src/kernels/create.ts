import type { Kernels } from './kernels.ts'
import { referenceKernels } from './reference.ts'
import { wasmKernels } from './wasm.ts'

export interface KernelOptions {
  readonly kind?: 'wasm' | 'reference'
  /** The most words that `alloc` gives out; past it OutOfMemory. */
  readonly maxWords?: number
}

/** Kernels with a memory of their own. 'wasm' needs `simd128`; without it the host's compile error comes through. */
export async function createKernels(options: KernelOptions = {}): Promise<Kernels> {
  return options.kind === 'reference' ? referenceKernels(options.maxWords) : wasmKernels(options.maxWords)
}
