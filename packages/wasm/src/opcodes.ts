/** Instructions without immediates, by their names in the WebAssembly core specification §5.4 (SIMD ones after 0xfd). */
export const PLAIN = {
  unreachable: 0x00,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  'i32.eqz': 0x45,
  'i32.eq': 0x46,
  'i32.ne': 0x47,
  'i32.lt_s': 0x48,
  'i32.lt_u': 0x49,
  'i32.gt_u': 0x4b,
  'i32.le_u': 0x4d,
  'i32.ge_s': 0x4e,
  'i32.ge_u': 0x4f,
  'i32.ctz': 0x68,
  'i32.popcnt': 0x69,
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.mul': 0x6c,
  'i32.div_s': 0x6d,
  'i32.div_u': 0x6e,
  'i32.rem_s': 0x6f,
  'i32.rem_u': 0x70,
  'i32.and': 0x71,
  'i32.or': 0x72,
  'i32.xor': 0x73,
  'i32.shl': 0x74,
  'i32.shr_s': 0x75,
  'i32.shr_u': 0x76,
  'i64.mul': 0x7e,
  'i64.shr_u': 0x88,
  'i32.wrap_i64': 0xa7,
  'i64.extend_i32_s': 0xac,
  'i64.extend_i32_u': 0xad,
} as const

export const SIMD = {
  'i8x16.swizzle': 0x0e,
  'i32x4.splat': 0x11,
  'i64x2.splat': 0x12,
  'i32x4.eq': 0x37,
  'i32x4.ne': 0x38,
  'i32x4.ge_u': 0x40,
  'v128.and': 0x4e,
  'v128.or': 0x50,
  'v128.xor': 0x51,
  'v128.bitselect': 0x52,
  'v128.any_true': 0x53,
  'i32x4.all_true': 0xa3,
  'i32x4.bitmask': 0xa4,
  'i32x4.shl': 0xab,
  'i32x4.shr_u': 0xad,
  'i32x4.add': 0xae,
  'i32x4.sub': 0xb1,
  'i32x4.mul': 0xb5,
  'i32x4.min_u': 0xb7,
  'i64x2.shl': 0xcb,
  'i64x2.shr_u': 0xcd,
  'i64x2.add': 0xce,
  'i64x2.sub': 0xd1,
  'i64x2.extmul_low_i32x4_u': 0xde,
  'i64x2.extmul_high_i32x4_u': 0xdf,
} as const

/** Loads: [opcode, log2 of the natural alignment, behind the SIMD prefix]. */
export const LOADS = {
  'i32.load': [0x28, 2, false],
  'i32.load8_s': [0x2c, 0, false],
  'i32.load8_u': [0x2d, 0, false],
  'i32.load16_s': [0x2e, 1, false],
  'i32.load16_u': [0x2f, 1, false],
  'v128.load': [0x00, 4, true],
  'v128.load32_splat': [0x09, 2, true],
  'v128.load64_splat': [0x0a, 3, true],
  'v128.load32_zero': [0x5c, 2, true],
  'v128.load64_zero': [0x5d, 3, true],
} as const

export const STORES = {
  'i32.store': [0x36, 2, false],
  'i32.store8': [0x3a, 0, false],
  'i32.store16': [0x3b, 1, false],
  'v128.store': [0x0b, 4, true],
} as const

/** SIMD loads and stores of one lane. */
export const MEMORY_LANES = {
  'v128.load32_lane': [0x56, 2],
  'v128.store32_lane': [0x5a, 2],
} as const

export const LANES = {
  'i32x4.extract_lane': 0x1b,
  'i32x4.replace_lane': 0x1c,
} as const
