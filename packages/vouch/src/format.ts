/** Controls, C1 controls, line separators and bidirectional overrides: nothing that a terminal may act on. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** `text` as one line that is safe to print. Names come from files that somebody else wrote. */
export function plain(text: string): string {
  return text.replace(UNSAFE, '?')
}

export function toHex(bytes: Uint8Array): string {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex
}

/** 0x00010074 */
export function address(value: number): string {
  return '0x' + (value >>> 0).toString(16).padStart(8, '0')
}

/** Grouped by thousands: 1 234 567. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** Three significant digits with a unit: 12.3 ms, 4.56 s. */
export function seconds(value: number): string {
  if (value < 1e-3) return `${(value * 1e6).toPrecision(3)} µs`
  if (value < 1) return `${(value * 1e3).toPrecision(3)} ms`
  return value < 100 ? `${value.toPrecision(3)} s` : `${value.toFixed(0)} s`
}

/** Binary units: 1.50 GiB. */
export function byteSize(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let at = 0
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024
    at++
  }
  return `${at === 0 ? value : value.toPrecision(value >= 1000 ? 4 : 3)} ${units[at]}`
}

/** Decimal units a second: 31.2 M/s. */
export function rate(amount: number, time: number, unit: string): string {
  const perSecond = time > 0 ? amount / time : 0
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toPrecision(3)} M ${unit}/s`
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toPrecision(3)} k ${unit}/s`
  return `${perSecond.toPrecision(3)} ${unit}/s`
}

/** Bits are never rounded up. */
export function bits(value: number): string {
  return (Math.floor(value * 10) / 10).toFixed(1)
}

/** `bytes` as quoted text when it is UTF-8 without controls (tab and newline are shown escaped). */
export function printableText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
  return text.replace(/[\n\t]/g, '') === plain(text.replace(/[\n\t]/g, '')) ? JSON.stringify(text) : undefined
}

/** Bytes for a person: hex, cut after `most` bytes, and the text when it is text. */
export function shownBytes(bytes: Uint8Array, most = 256): string {
  if (bytes.length === 0) return '(empty)'
  const shown = bytes.subarray(0, most)
  const cut = bytes.length > most ? `… (${count(bytes.length)} bytes)` : ''
  const text = cut === '' ? printableText(shown) : undefined
  return toHex(shown) + cut + (text === undefined ? '' : `  ${text}`)
}

/** One JSON document. Bytes become hex; what JSON cannot say becomes a string. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (item instanceof Uint8Array) return toHex(item)
    if (ArrayBuffer.isView(item)) return Array.from(item as unknown as ArrayLike<number>)
    if (typeof item === 'bigint') return item.toString()
    if (typeof item === 'number' && !Number.isFinite(item)) return String(item)
    return item
  })
}
