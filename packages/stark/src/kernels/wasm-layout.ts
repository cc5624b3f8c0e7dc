/**
 * The memory below the arena, by byte address. Pages of the twiddle tables cost address space only until a domain of
 * that size is used.
 */

/** 16 splatted words a key (8 used): leaf, node, grind. */
export const KEYS = { leaf: 1024, node: 1024 + 128, grind: 1024 + 256 } as const
/** Chaining values of one compression. */
export const CHAINING = 2048
/** Four hash messages of 256 words in four lanes, or the blocks of any other kernel; nothing lives here between calls. 128 KiB. */
export const SCRATCH = 4096

export const MAX_LOG_DOMAIN = 25
/**
 * Twice the x coordinates: entry 2^(M−2) + s, s < 2^(M−2), is for position 4s of the domain of size 2^M. So the factor
 * that layer `bit` >= 1 uses at position q of a domain of size 2^L is entry (2^L + q) >> (bit + 1), whatever L is.
 */
export const FORWARD = 1 << 20
/** Twice the inverses of those. */
export const INVERSE = FORWARD + (4 << (MAX_LOG_DOMAIN - 1))
export const RESERVED_BYTES = INVERSE + (4 << (MAX_LOG_DOMAIN - 1))
