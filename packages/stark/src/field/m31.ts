/** The Mersenne prime field M31. Elements are JavaScript numbers in [0, P); P itself never stands for 0 outside a kernel. */
export const P = 2 ** 31 - 1

export const add = (a: number, b: number): number => {
  const s = a + b
  return s >= P ? s - P : s
}

export const sub = (a: number, b: number): number => {
  const d = a - b
  return d < 0 ? d + P : d
}

export const neg = (a: number): number => (a === 0 ? 0 : P - a)

/**
 * `a · b mod P`.
 *
 * `a * b` can reach 2^62, past the 53 bits a double holds, so the product is never formed exactly.
 * The quotient of the rounded product is the true one or one more, never less; `Math.imul` gives
 * the low 32 bits exactly, which is enough because the remainder then lies in `[-P, P)`.
 */
export function mul(a: number, b: number): number {
  const q = Math.floor((a * b) / P)
  const r = (Math.imul(a, b) - Math.imul(q, P)) | 0
  return r < 0 ? r + P : r
}

/** `a^e` for an integer `0 <= e < 2^53`. */
export function pow(a: number, e: number): number {
  let result = 1
  let base = a
  for (let k = e; k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) result = mul(result, base)
    base = mul(base, base)
  }
  return result
}

/** `1 / a`; throws a RangeError for 0. Fermat: a^(P-2). */
export function inv(a: number): number {
  if (a === 0) throw new RangeError('inverse of 0')
  return pow(a, P - 2)
}

/** The element of an integer of either sign. */
export const fromInteger = (n: number): number => {
  const r = n % P
  return r < 0 ? r + P : r === 0 ? 0 : r
}
