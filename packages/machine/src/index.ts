export { riscvAir, riscvChips } from './air.ts'
export * from './buses.ts'
export { chooseTables, SPARSE_LIMIT } from './tables-sparse.ts'
export { collect } from './collect.ts'
export { IMAGE_TREE } from './image-chip.ts'
export { LEAST_SAVING, cutRows, logHeightFor } from './instances.ts'
export { listCallTerms } from './audit-terms.ts'
export type { LoggedCall, StreamSpan } from './audit-terms.ts'
export { imageColumns, imageId, imageLogHeights, imageOf } from './image.ts'
export type { Image, ImageHeader } from './image.ts'
export { PUBLICS } from './machine-chip.ts'
export { listPublicTerms, publicTermCount, publicTerms } from './public-terms.ts'
export type { PublicTerm } from './public-terms.ts'
export { INSTRUCTIONS, romRows } from './rom-rows.ts'
export type { Instruction, RomRows } from './rom-rows.ts'
export { Unprovable } from './run.ts'
export type { Counts, ImageWords, Run } from './run.ts'
export {
  airPublics,
  checkStatement,
  decodeStatement,
  encodeStatement,
  MAX_CYCLES,
  MAX_STATEMENT_HEADER,
  MAX_STREAM,
} from './statement.ts'
export type { AuditStatement, Statement, StatementFailure } from './statement.ts'
