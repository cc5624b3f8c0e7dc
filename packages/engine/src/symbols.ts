/** A function of the symbol table. */
export interface Symbol {
  readonly address: number
  readonly size: number
  readonly name: string
}

const SHT_SYMTAB = 2
const STT_FUNC = 2
const STT_NOTYPE = 0
const MAX_SYMBOLS = 1 << 20
const MAX_NAME = 256

/** The functions of .symtab, ascending by address. A broken table is no table: symbols only make messages nicer. */
export function readSymbols(bytes: Uint8Array): Symbol[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const has = (at: number, size: number): boolean => at + size <= bytes.length
  const u32 = (at: number): number => view.getUint32(at, true)
  if (!has(0, 52)) return []
  const sections = u32(32)
  const entrySize = view.getUint16(46, true)
  const count = view.getUint16(48, true)
  if (entrySize < 40 || !has(sections, count * entrySize)) return []
  const symbols: Symbol[] = []
  for (let s = 0; s < count; s++) {
    const at = sections + s * entrySize
    if (u32(at + 4) !== SHT_SYMTAB) continue
    const [offset, size, link] = [u32(at + 16), u32(at + 20), u32(at + 24)]
    if (!has(offset, size) || link >= count) continue
    const strings = sections + link * entrySize
    const [nameOffset, nameSize] = [u32(strings + 16), u32(strings + 20)]
    if (!has(nameOffset, nameSize)) continue
    for (let i = 0; i + 16 <= size && symbols.length < MAX_SYMBOLS; i += 16) {
      const type = bytes[offset + i + 12] & 15
      const section = view.getUint16(offset + i + 14, true)
      if ((type !== STT_FUNC && type !== STT_NOTYPE) || section === 0) continue
      const name = nameAt(bytes, nameOffset, nameSize, u32(offset + i))
      // The assembler's own marks: $x, $d, .L…
      if (name === '' || name.startsWith('$') || name.startsWith('.')) continue
      symbols.push({ address: u32(offset + i + 4), size: type === STT_FUNC ? u32(offset + i + 8) : 0, name })
    }
  }
  return symbols.sort((a, b) => a.address - b.address || b.size - a.size)
}

function nameAt(bytes: Uint8Array, start: number, size: number, index: number): string {
  let name = ''
  for (let i = index; i < size && name.length < MAX_NAME; i++) {
    const c = bytes[start + i]
    if (c === 0) return name
    // Names reach terminals: printable ASCII only.
    name += c >= 0x21 && c < 0x7f ? String.fromCharCode(c) : '?'
  }
  return name
}

/** `name`, or `name+0x10` inside it. */
export function symbolIn(symbols: readonly Symbol[], pc: number): string | undefined {
  let low = 0
  let high = symbols.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (symbols[middle].address <= pc) low = middle + 1
    else high = middle
  }
  for (let i = low - 1; i >= 0 && i > low - 8; i--) {
    const { address, size, name } = symbols[i]
    if (size > 0 && pc >= address + size) continue
    return pc === address ? name : `${name}+0x${(pc - address).toString(16)}`
  }
  return undefined
}
