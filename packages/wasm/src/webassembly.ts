/** The part of the WebAssembly JavaScript API that generated modules need; the package is compiled without DOM or Node types. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  /** Pages of 64 KiB; throws a RangeError past the maximum. */
  grow(pages: number): number
}

export type WasmFunction = (...args: number[]) => number

/** Functions by index, for `callIndirect`. */
export interface WasmTable {
  grow(elements: number): number
  set(index: number, f: WasmFunction): void
}

/** A compiled module, to be linked with any memory. */
export type WasmModule = object

interface Imports {
  readonly memory: WasmMemory
  readonly table?: WasmTable
}

interface WebAssemblyApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => WasmMemory
  readonly Table: new (descriptor: { element: 'anyfunc'; initial: number }) => WasmTable
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (
    module: WasmModule,
    imports: { env: Imports },
  ) => { readonly exports: Readonly<Record<string, WasmFunction>> }
  compile(bytes: Uint8Array): Promise<WasmModule>
}

declare const WebAssembly: WebAssemblyApi

export const PAGE_BYTES = 65536
/** 4 GiB: pointers are unsigned 32-bit, so one that comes back from WASM as an i32 needs `>>> 0`. */
export const MAX_PAGES = 65536

/** Zeros. Pages never written cost address space only. Throws a RangeError where there is none. */
export const createMemory = (initialPages: number, maximum = MAX_PAGES): WasmMemory =>
  new WebAssembly.Memory({ initial: initialPages, maximum })

export const createTable = (): WasmTable => new WebAssembly.Table({ element: 'anyfunc', initial: 0 })

/** Whether this host has WebAssembly at all. */
export const hasWebAssembly = (): boolean => typeof WebAssembly === 'object'

/** Compiles a module built by `emit.ts`. */
export const compile = (bytes: Uint8Array): WasmModule => new WebAssembly.Module(bytes)

/** Links a module. Its functions take and give i32 (or f64) as numbers. */
export const link = (
  module: WasmModule,
  memory: WasmMemory,
  table?: WasmTable,
): Readonly<Record<string, WasmFunction>> =>
  new WebAssembly.Instance(module, { env: table === undefined ? { memory } : { memory, table } }).exports

/** Compiles and links a module. */
export function instantiate(bytes: Uint8Array, memory: WasmMemory): Readonly<Record<string, WasmFunction>> {
  return link(compile(bytes), memory)
}

/** The same, compiled off the calling thread. */
export async function instantiateAsync(
  bytes: Uint8Array,
  memory: WasmMemory,
): Promise<Readonly<Record<string, WasmFunction>>> {
  return link(await WebAssembly.compile(bytes), memory)
}
