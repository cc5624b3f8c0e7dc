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
 * The same modulo P, of an integer |x| <= 2^53: with x = q·2^31 + r it is q + r, in [−2^22, 2^31 + 2^22). Every step is exact
 * in a double.
 */
export function fold(x: number): number {
  const q = Math.floor(x * 2 ** -31)
  return x - q * P
}

/**
 * `low + 2^16·high mod P`, canonical, of integers |low| and |high| up to 2^52 + 2^51.
 *
 * A product of two elements can reach 2^62, past the 53 bits a double holds: so one of them is cut in halves of 16 bits,
 * and sums of products of either half stay exact. Three times as fast as a quotient and the low words of `Math.imul`.
 */
export function join(low: number, high: number): number {
  const sum = fold(low + fold(high) * 65536)
  return sum < 0 ? sum + P : sum >= P ? sum - P : sum
}

/** `a · b mod P`. */
export const mul = (a: number, b: number): number => join(a * (b & 0xffff), a * (b >>> 16))

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
