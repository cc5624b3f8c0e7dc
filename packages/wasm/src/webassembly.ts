/** The part of the WebAssembly JavaScript API that generated modules need; the package is compiled without DOM or Node types. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike
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

/** What an instance is linked with: its memory, and the table and the constants that its module imports, by name. */
export interface Imports {
  readonly memory: WasmMemory
  readonly table?: WasmTable
  readonly [constant: string]: WasmMemory | WasmTable | number | undefined
}

interface WebAssemblyApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => WasmMemory
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
export const createMemory = (
  initialPages: number,
  { maximum = MAX_PAGES, shared = false }: { readonly maximum?: number; readonly shared?: boolean } = {},
): WasmMemory => new WebAssembly.Memory({ initial: initialPages, maximum, shared })

export const createTable = (): WasmTable => new WebAssembly.Table({ element: 'anyfunc', initial: 0 })

/** Whether this host has WebAssembly at all. */
export const hasWebAssembly = (): boolean => typeof WebAssembly === 'object'

/** Compiles a module built by `emit.ts`. */
export const compile = (bytes: Uint8Array): WasmModule => new WebAssembly.Module(bytes)

/** Links a module. Its functions take and give i32 (or f64) as numbers. */
export const link = (module: WasmModule, imports: Imports): Readonly<Record<string, WasmFunction>> =>
  new WebAssembly.Instance(module, { env: imports }).exports

/** Compiles and links a module. */
export const instantiate = (bytes: Uint8Array, imports: Imports): Readonly<Record<string, WasmFunction>> =>
  link(compile(bytes), imports)

/** The same, compiled off the calling thread. */
export async function instantiateAsync(
  bytes: Uint8Array,
  imports: Imports,
): Promise<Readonly<Record<string, WasmFunction>>> {
  return link(await WebAssembly.compile(bytes), imports)
}
