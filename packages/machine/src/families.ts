/** One id a family, first field of its ROM tuples; 0 belongs to the padding rows of the ROM. */
export const FAMILY = {
  add: 1,
  addi: 2,
  bitwise: 3,
  'bitwise-imm': 4,
  slt: 5,
  'slt-imm': 6,
  'branch-eq': 7,
  'branch-lt': 8,
  const: 9,
  jalr: 10,
  'load-word': 11,
  'store-word': 12,
  'load-narrow': 13,
  'store-narrow': 14,
  'shift-left-imm': 15,
  'shift-right-imm': 16,
  'shift-reg': 17,
  mul: 18,
  mulh: 19,
  div: 20,
  ecall: 21,
  ebreak: 22,
} as const

export type Family = keyof typeof FAMILY
export const FAMILY_COUNT = 23

const RS1 = 1
const RS2 = 2
const MEMORY = 4
const RD = 8
export const USES = { rs1: RS1, rs2: RS2, memory: MEMORY, rd: RD } as const

/** Which accesses a family's rows make, as a mask of USES, by family id. Host calls keep their own records. */
export const ACCESSES: readonly number[] = (() => {
  const masks = Array.from({ length: FAMILY_COUNT }, () => RS1 | RS2 | RD)
  masks[0] = masks[FAMILY.ecall] = masks[FAMILY.ebreak] = 0
  for (const f of ['addi', 'bitwise-imm', 'slt-imm', 'jalr', 'shift-left-imm', 'shift-right-imm'] as const)
    masks[FAMILY[f]] = RS1 | RD
  for (const f of ['branch-eq', 'branch-lt'] as const) masks[FAMILY[f]] = RS1 | RS2
  for (const f of ['load-word', 'load-narrow'] as const) masks[FAMILY[f]] = RS1 | MEMORY | RD
  for (const f of ['store-word', 'store-narrow'] as const) masks[FAMILY[f]] = RS1 | RS2 | MEMORY
  masks[FAMILY.const] = RD
  return masks
})()
