/**
 * The memory below the arena, by byte address. Pages never written (of the modules, of the twiddle tables until a domain of
 * that size is used) cost address space only.
 */

/** 16 splatted words a key (8 used): leaf, node, grind. */
export const KEYS = { leaf: 1024, node: 1024 + 128, grind: 1024 + 256 } as const

/** What the threads share of their work: see pool.ts. */
export const CONTROL = 4096
export const CONTROL_BYTES = 508 * 1024

export const MAX_THREADS = 16
/** A scratch area a thread, given to its instances as the constant `scratch`. Nothing lives there between calls. */
export const SCRATCHES = 512 * 1024
export const SCRATCH_BYTES = 160 * 1024
/** Offsets in a scratch area: chaining values of one compression; then hash messages or blocks of any other kernel. */
export const CHAINING = 0
export const BLOCKS = 128

/** Modules in binary, for the threads to compile. */
export const MODULES = 4 << 20
export const MODULES_BYTES = 12 << 20

export const MAX_LOG_DOMAIN = 25
/**
 * Twice the x coordinates: entry 2^(M−2) + s, s < 2^(M−2), is for position 4s of the domain of size 2^M. So the factor
 * that layer `bit` >= 1 uses at position q of a domain of size 2^L is entry (2^L + q) >> (bit + 1), whatever L is.
 */
export const FORWARD = MODULES + MODULES_BYTES
/** Twice the inverses of those. */
export const INVERSE = FORWARD + (4 << (MAX_LOG_DOMAIN - 1))
export const RESERVED_BYTES = INVERSE + (4 << (MAX_LOG_DOMAIN - 1))
