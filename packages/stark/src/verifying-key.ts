import { bytesOfWords } from './codec.ts'
import { messageFault } from './air/chip.ts'
import type { Air, Bus } from './air/chip.ts'
import { airJson } from './air/json.ts'
import { readsAcrossSeam, rowConstraints } from './air/seam.ts'
import { Misuse } from './failure.ts'
import { P } from './field/m31.ts'
import { PROFILES } from './profiles.ts'
import type { Profile, ProfileName } from './profiles.ts'
import { MAX_LOG_HEIGHT } from './security-report.ts'
import { keyOf } from '@vouch/hash'
import { QM31_BLAKE3 } from './suite.ts'
import type { Suite } from './suite.ts'
import { utf8ToBytes } from '@noble/hashes/utils.js'

/** Changes with every change of the protocol or its encoding. */
export const PROTOCOL = 'vouch-stark/3'

/** A committed preprocessed tree: its root, and log2 of the height of each chip that has columns in it, by chip name. */
export interface PreprocessedCommitment {
  readonly root: Uint8Array
  readonly logHeights: Readonly<Record<string, number>>
}

/** Everything the verifier knows before it sees a statement. All checks derive from it, none from a proof. */
export interface VerifyingKey {
  readonly suite: Suite
  readonly air: Air<never>
  readonly profile: Profile
  /** In commitment order. `fixed` trees belong to the key; the root of any other comes with the statement. */
  readonly preprocessed: readonly {
    readonly name: string
    readonly fixed: PreprocessedCommitment | undefined
  }[]
  /** Most rows over all chips together. */
  readonly maxRows: number
  /** Binds all of the above except the suite's functions, which it binds by name. */
  readonly digest: Uint8Array
}

/** Throws `Misuse` when the AIR cannot be proved by this protocol. */
export function verifyingKey(options: {
  readonly air: Air<never>
  readonly profile: ProfileName
  readonly fixed?: Readonly<Record<string, PreprocessedCommitment>>
  readonly maxRows?: number
}): VerifyingKey {
  const { air, fixed = {}, maxRows = 2 ** 28 } = options
  const profile = PROFILES[options.profile]
  checkAir(air)
  const preprocessed = air.preprocessedTrees.map((name) => ({ name, fixed: fixed[name] }))
  for (const name of Object.keys(fixed))
    if (!air.preprocessedTrees.includes(name)) throw new Misuse(`no preprocessed tree '${name}'`)
  for (const tree of preprocessed) if (tree.fixed !== undefined) checkCommitment(air, tree.name, tree.fixed)
  const suite = QM31_BLAKE3
  const text = JSON.stringify([
    PROTOCOL,
    suite.name,
    airJson(air),
    sortedEntries(profile),
    preprocessed.map((t) => [
      t.name,
      t.fixed === undefined ? null : [Array.from(t.fixed.root), sortedEntries(t.fixed.logHeights)],
    ]),
    maxRows,
  ])
  const digest = suite.hash(keyOf('vouch verifying key v1'), utf8ToBytes(text))
  return { suite, air, profile, preprocessed, maxRows, digest }
}

/** Throws `Misuse` unless the commitment gives a height within bounds for each chip of the tree and no other. */
export function checkCommitment(air: Air<never>, tree: string, commitment: PreprocessedCommitment): void {
  if (commitment.root.length !== 32) throw new Misuse(`the root of tree '${tree}' is not 32 bytes`)
  const chips = air.chips.filter((c) => c.preprocessed?.tree === tree)
  const given = Object.keys(commitment.logHeights)
  if (given.length !== chips.length)
    throw new Misuse(`tree '${tree}' has ${chips.length} chips, got ${given.length}`)
  for (const { name } of chips) {
    const log = commitment.logHeights[name]
    if (!(Number.isInteger(log) && log >= air.minLogHeight && log <= air.maxLogHeight))
      throw new Misuse(`tree '${tree}' gives chip '${name}' the log height ${log}`)
  }
}

/** Bytes of the log heights of a commitment, in the order of the AIR's chips. */
export const commitmentHeights = (
  air: Air<never>,
  tree: string,
  commitment: PreprocessedCommitment,
): Uint8Array =>
  bytesOfWords(
    air.chips.filter((c) => c.preprocessed?.tree === tree).map((c) => commitment.logHeights[c.name]),
  )

function checkAir(air: Air<never>): void {
  const within =
    air.minLogHeight >= 1 && air.minLogHeight <= air.maxLogHeight && air.maxLogHeight <= MAX_LOG_HEIGHT
  if (!within)
    throw new Misuse(`log heights ${air.minLogHeight}..${air.maxLogHeight} are not in 1..${MAX_LOG_HEIGHT}`)
  const names = new Set<string>()
  const buses = new Map<number, Bus>()
  for (const chip of air.chips) {
    if (names.has(chip.name)) throw new Misuse(`two chips named '${chip.name}'`)
    names.add(chip.name)
    if (chip.messages.length === 0) throw new Misuse(`chip '${chip.name}' has no bus message`)
    for (const message of chip.messages) {
      const fault = messageFault(message)
      if (fault !== undefined) throw new Misuse(`chip '${chip.name}': message '${message.name}' ${fault}`)
    }
    const [across] = readsAcrossSeam(chip)
    if (across !== undefined)
      throw new Misuse(
        `chip '${chip.name}': '${across}' reads the previous row in row 0; gate it with 'first'`,
      )
    const [byRow] = rowConstraints(chip)
    if (byRow !== undefined) throw new Misuse(`chip '${chip.name}': '${byRow}' has a row polynomial`)
    if (chip.preprocessed !== undefined && !air.preprocessedTrees.includes(chip.preprocessed.tree))
      throw new Misuse(`chip '${chip.name}' is in no preprocessed tree of the AIR`)
    const fixedLog = chip.fixedLogHeight
    if (fixedLog !== undefined && !(fixedLog >= air.minLogHeight && fixedLog <= air.maxLogHeight))
      throw new Misuse(`chip '${chip.name}' has the fixed log height ${fixedLog}`)
    for (const { bus } of chip.messages) {
      const other = buses.get(bus.id) ?? bus
      if (!(Number.isInteger(bus.id) && bus.id >= 1 && bus.id < P) || other.name !== bus.name)
        throw new Misuse(`bus '${bus.name}' needs an id of its own, has ${bus.id}`)
      if (other.fields.length !== bus.fields.length) throw new Misuse(`bus '${bus.name}' has two widths`)
      buses.set(bus.id, bus)
    }
  }
  if (air.chips.length === 0) throw new Misuse('an AIR without chips')
}

/** An object as JSON that does not depend on the order in which its keys were written. */
function sortedEntries(value: object): unknown {
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => [k, typeof v === 'object' && v !== null ? sortedEntries(v) : v])
}
