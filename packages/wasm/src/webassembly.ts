/** The part of the WebAssembly JavaScript API that generated modules need; the package is compiled without DOM or Node types. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  /** Pages of 64 KiB; throws a RangeError past the maximum. */
  grow(pages: number): number
}

export type WasmFunction = (...args: number[]) => number

interface WebAssemblyApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: { env: { memory: WasmMemory } },
  ) => { readonly exports: Readonly<Record<string, WasmFunction>> }
  compile(bytes: Uint8Array): Promise<object>
}

declare const WebAssembly: WebAssemblyApi

export const PAGE_BYTES = 65536
/** 4 GiB: pointers are unsigned 32-bit, so one that comes back from WASM as an i32 needs `>>> 0`. */
export const MAX_PAGES = 65536

export const createMemory = (initialPages: number): WasmMemory =>
  new WebAssembly.Memory({ initial: initialPages, maximum: MAX_PAGES })

/** Compiles and links a module built by `emit.ts`. Its functions take and give i32 (or f64) as numbers. */
export function instantiate(bytes: Uint8Array, memory: WasmMemory): Readonly<Record<string, WasmFunction>> {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports
}

/** The same, compiled off the calling thread. */
export async function instantiateAsync(
  bytes: Uint8Array,
  memory: WasmMemory,
): Promise<Readonly<Record<string, WasmFunction>>> {
  return new WebAssembly.Instance(await WebAssembly.compile(bytes), { env: { memory } }).exports
}
