export { ByteBuffer } from './byte-buffer.ts'
export { moduleBuilder } from './emit.ts'
export type {
  FunctionBuilder,
  Global,
  Label,
  Load,
  Local,
  ModuleBuilder,
  ModuleOptions,
  Plain,
  Store,
  ValueType,
} from './emit.ts'
export {
  MAX_PAGES,
  PAGE_BYTES,
  compile,
  createMemory,
  createTable,
  hasWebAssembly,
  instantiate,
  instantiateAsync,
  link,
} from './webassembly.ts'
export type { Imports, WasmFunction, WasmMemory, WasmModule, WasmTable } from './webassembly.ts'
