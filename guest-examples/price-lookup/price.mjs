// What the host and the verifier of price-lookup have in common.
import { readFileSync } from 'node:fs'
import { bytesReader, bytesWriter, parseManifest, readInto } from 'vouch'

export const file = (name) => new URL(name, import.meta.url)
export const PROOF = 'price.vouch'
/** Beside the proof, where `vouch verify` looks for it too. */
export const LOG = 'price.vouch.audit'

const [ENOENT, EFAULT, EINVAL, ERANGE] = [2, 14, 22, 34]
const SYMBOL_BYTES = 12

/** Serves the call: copies the symbol's price into the guest's room for it, and says how long it is. */
export const priceHandler = (prices) => (call) => {
  const [symbol, length, room, size] = call.args
  if (length > SYMBOL_BYTES) return -EINVAL
  const name = new Uint8Array(length)
  if (!readInto(call.reader(symbol, length), bytesWriter(name)).ok) return -EFAULT
  const price = prices.get(Buffer.from(name).toString('latin1'))
  if (price === undefined) return -ENOENT
  const answer = new Uint8Array(Buffer.from(price))
  if (answer.length > size) return -ERANGE
  return readInto(bytesReader(answer), call.writer(room, answer.length)).ok ? answer.length : -EFAULT
}

/** A table of prices from a JSON file. */
export const readPrices = (path) => new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8'))))

/**
 * Class A, as in manifest.json: the price is the host's word. Class D: whoever verifies has the table too, and looks it
 * up again.
 */
export function manifestOf(assurance) {
  const manifest = parseManifest(readFileSync(file('manifest.json'), 'utf8'))
  const { price } = manifest.calls
  return parseManifest(JSON.stringify({ ...manifest, calls: { price: { ...price, class: assurance } } }))
}

export const hex = (bytes) => Buffer.from(bytes).toString('hex')

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

const hundredths = (value) => `${value / 100n}.${String(value % 100n).padStart(2, '0')}`

/** `limit` in hundredths, a bigint. */
export function encodePublic({ limit, symbol }) {
  const bytes = new Uint8Array(8 + symbol.length)
  view(bytes).setBigUint64(0, limit, true)
  bytes.set(Buffer.from(symbol), 8)
  return bytes
}

export const encodePrivate = ({ quantity }) => new Uint8Array(new Uint32Array([quantity]).buffer)

/** What a run says, in words. Its journal is empty if the guest gave up. */
export function describeRun({ publicInput, journal, exitCode }) {
  if (exitCode !== 0) return `none: the guest ended with code ${exitCode}`
  const symbol = Buffer.from(journal.subarray(0, 12)).toString('latin1').replace(/\0+$/, '')
  const price = hundredths(BigInt(view(journal).getUint32(12, true)))
  const verdict = view(journal).getUint32(16, true) === 1 ? 'more' : 'not more'
  const limit = hundredths(view(publicInput).getBigUint64(0, true))
  return `at ${price}, the position in ${symbol} is worth ${verdict} than ${limit}`
}

/** Proven bits of a report or verdict; never rounded up. */
export const provenBits = ({ security }) => (Math.floor(security.provenUDR.bits * 10) / 10).toFixed(1)

/** Lines of two columns. */
export const table = (rows) => rows.map(([name, value]) => `${name.padEnd(16)} ${value}\n`).join('')
