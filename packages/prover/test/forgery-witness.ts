import { bridge } from '@vouch/bridge'
import type { Bridge, BridgeOptions } from '@vouch/bridge'
import { INITIAL_SP, parseElf, trace } from '@vouch/engine'
import type { Host, Program, Trace } from '@vouch/engine'
import { assembleElf } from '@vouch/engine/assembler'
import {
  IMAGE_TREE,
  airPublics,
  chooseTables,
  collect,
  imageId,
  imageOf,
  listPublicTerms,
  riscvAir,
} from '@vouch/machine'
import type { AuditStatement, Counts, ImageHeader, LoggedCall, Run, Statement } from '@vouch/machine'
import { busBalance } from '@vouch/stark'
import type { Chip, FilledChip, Kernels, PreprocessedTree, ProfileName } from '@vouch/stark'
import { encodeProofFile, machineKey, starkStatement, toHex } from '@vouch/verifier'
import { TracePort } from '../../engine/src/port-trace.ts'
import { programOf, rowEvaluator } from '../../stark/src/air/program.ts'
import { isTable, logHeightOf } from '../src/columns.ts'
import { commitImage } from '../src/image.ts'
import { forgeStark } from './forgery-prover.ts'
import type { Cheats, ForgedChip } from './forgery-prover.ts'

const P = 2 ** 31 - 1

type PortMethods = Pick<TracePort, 'rs1' | 'rs2' | 'setRd' | 'load' | 'store'>

/** Writable cells of the filled chips, by name. */
export interface Cells {
  readonly column: (chip: string, name: string) => Uint32Array
  /** Writes cells of one row; values are taken modulo p. */
  readonly set: (chip: string, row: number, cells: Readonly<Record<string, number>>) => void
  readonly add: (chip: string, row: number, cells: Readonly<Record<string, number>>) => void
  /** The row of `chip` at this pc, or the first. */
  readonly rowAt: (chip: string, pc: number) => number
  /** A copy of row `from` in the first padding row, and where it is. */
  readonly replay: (chip: string, from: number) => number
}

/** A program, and how its run and the proof of it are falsified. Nothing but `source` and the inputs: an honest proof. */
export interface Forgery {
  readonly source: string
  readonly data?: Parameters<typeof assembleElf>[1]
  readonly profile?: ProfileName
  readonly privateInput?: Uint8Array
  readonly publicInput?: Uint8Array
  /** The program that runs in the place of `source`. */
  readonly executed?: string
  /** Rows decode the program that ran, and not the one of the statement. */
  readonly decodeExecuted?: true
  /** What the host reads in the place of `publicInput`. */
  readonly hostInput?: Uint8Array
  readonly host?: (own: Bridge) => Host
  /** Accesses of the executor; each gets the machine and the honest method. */
  readonly port?: (own: PortMethods) => Partial<{
    [K in keyof PortMethods]: (
      this: TracePort,
      ...args: Parameters<PortMethods[K]>
    ) => ReturnType<PortMethods[K]>
  }>
  readonly trace?: (trace: Trace) => void
  readonly run?: (run: Run) => Run
  /** Chips that get a table although the run has no rows for them. */
  readonly extra?: readonly string[]
  readonly absent?: readonly string[]
  /** Before look-ups are counted, so that the counts follow. */
  readonly cells?: (cells: Cells) => void
  readonly tables?: (cells: Cells) => void
  readonly dense?: true
  readonly say?: (statement: Statement) => Partial<Statement>
  /** The audit log that the proof is bound to, and its calls as the prover has them. */
  readonly log?: (own: Bridge) => ForgedLog
  readonly options?: BridgeOptions
  /** The prover's ROM and image are those of the program that ran; the statement's are not. */
  readonly imageExecuted?: true
  readonly cheats?: Cheats
}

export interface ForgedLog {
  readonly bytes: Uint8Array
  readonly statement: AuditStatement
  readonly calls: readonly LoggedCall[]
}

export interface Forged {
  readonly log: ForgedLog | undefined
  readonly proof: Uint8Array
  /** Hex. */
  readonly imageId: string
  readonly header: ImageHeader
  readonly statement: Statement
  readonly stark: Uint8Array
  /** What the natural rows break: constraints as 'chip: name', buses by name. */
  readonly broken: readonly string[]
}

export const programOfSource = (f: Forgery): Program => parseElf(assembleElf(f.source, f.data))

/** Runs, falsifies and proves. Takes and gives back memory of `kernels`. */
export async function forge(kernels: Kernels, f: Forgery): Promise<Forged> {
  const mark = kernels.mark()
  try {
    return await forgeOne(kernels, f)
  } finally {
    kernels.release(mark)
  }
}

async function forgeOne(kernels: Kernels, f: Forgery): Promise<Forged> {
  const { profile = 'fast-100', publicInput = new Uint8Array(0), privateInput = new Uint8Array(0) } = f
  const program = programOfSource(f)
  const executed = f.executed === undefined ? program : parseElf(assembleElf(f.executed, f.data))
  const own = bridge({ ...f.options, privateInput, publicInput: f.hostInput ?? publicInput })
  const ran = withPort(f.port, () => trace(executed, f.host?.(own) ?? own, { maxCycles: 10_000 }))
  f.trace?.(ran.trace)
  const image = imageOf(program)
  const decoded = f.decodeExecuted ? imageOf(executed) : image
  const { words } = f.imageExecuted ? imageOf(executed) : image
  const collected = collect(ran.trace, decoded.rom, words, publicInput.length)
  const run = f.run?.(collected) ?? collected
  const { tree, header } = commitImage(kernels, image, profile)
  const log = f.log?.(own)
  const calls = log?.calls ?? []
  const honest: Statement = {
    imageId: imageId(header),
    publicInput,
    journal: own.journal(),
    halt: run.halt.kind,
    exitCode: run.halt.code,
    cycles: run.trace.cycles,
    publicConsumed: run.halt.publicCursor,
    ...(log === undefined ? {} : { audit: log.statement }),
  }
  const statement: Statement = { ...honest, ...f.say?.(honest) }
  const publics = airPublics(statement)
  const preprocessed: Record<string, PreprocessedTree> = {
    [IMAGE_TREE]: f.imageExecuted ? commitImage(kernels, imageOf(executed), profile).tree : tree,
  }
  const chips = fill(kernels, f, run, preprocessed, publics)
  const broken = breaks(filledChips(kernels, chips, preprocessed), statement, header, publics, calls)
  const sworn = starkStatement(statement, header, calls)
  const stark = await forgeStark(kernels, machineKey(profile), sworn, { chips, preprocessed }, f.cheats)
  const proof = encodeProofFile({ image: header, profile, statement, stark })
  return { log, proof, imageId: toHex(imageId(header)), header, statement, stark, broken }
}

function withPort<T>(patch: Forgery['port'], use: () => T): T {
  if (patch === undefined) return use()
  const target = TracePort.prototype
  const { rs1, rs2, setRd, load, store } = target
  const own = { rs1, rs2, setRd, load, store }
  try {
    Object.assign(target, patch(own))
    return use()
  } finally {
    Object.assign(target, own)
  }
}

type Chips = (ForgedChip | undefined)[]

/** `fillChips` with the forgery's hooks; look-ups outside a table are counted nowhere. */
function fill(
  kernels: Kernels,
  f: Forgery,
  run: Run,
  preprocessed: Readonly<Record<string, PreprocessedTree>>,
  publics: readonly number[],
): Chips {
  const { chips } = riscvAir
  const made: Chips = chips.map(() => undefined)
  const make = (chip: Chip<Run>, i: number): void => {
    const rows = Math.max(chip.rows(run), f.extra?.includes(chip.name) ? 1 : 0)
    if (rows === 0 || f.absent?.includes(chip.name)) return
    const logHeight = logHeightOf(chip, rows)
    const main = chip.columns.map(() => kernels.alloc(2 ** logHeight))
    const columns = main.map((pointer) => kernels.words(pointer, 2 ** logHeight))
    if (chip.rows(run) > 0) chip.fill(columns, run, 2 ** logHeight)
    made[i] = { logHeight, main }
  }
  const cells = cellsOf(kernels, made)
  chips.forEach((chip, i) => {
    if (!isTable(chip)) make(chip, i)
  })
  f.cells?.(cells)
  for (const filled of filledChips(kernels, made, preprocessed)) count(filled, run, publics)
  chooseTables(run)
  if (f.dense) run.tables.kind = 'dense'
  chips.forEach((chip, i) => {
    if (isTable(chip)) make(chip, i)
  })
  f.tables?.(cells)
  return made
}

function cellsOf(kernels: Kernels, made: Chips): Cells {
  const column: Cells['column'] = (name, columnName) => {
    const i = riscvAir.chips.findIndex((c) => c.name === name)
    const j = riscvAir.chips[i].columns.indexOf(columnName)
    const filled = made[i]
    if (filled === undefined || j < 0) throw new RangeError(`no column ${name}.${columnName}`)
    return kernels.words(filled.main[j], 2 ** filled.logHeight)
  }
  const write = (name: string, row: number, values: Readonly<Record<string, number>>, keep: 0 | 1): void => {
    for (const [key, value] of Object.entries(values)) {
      const cells = column(name, key)
      cells[row] = (((keep * cells[row] + value) % P) + P) % P
    }
  }
  return {
    column,
    set: (chip, row, values) => write(chip, row, values, 0),
    add: (chip, row, values) => write(chip, row, values, 1),
    rowAt: (chip, pc) => column(chip, 'pc').indexOf(pc),
    replay: (name, from) => {
      const chip = riscvAir.chips.find((c) => c.name === name)!
      const to = column(name, 'clk').indexOf(0)
      if (to < 0) throw new RangeError(`${name} has no padding row`)
      for (const c of chip.columns) column(name, c)[to] = column(name, c)[from]
      return to
    },
  }
}

function filledChips(
  kernels: Kernels,
  made: Chips,
  preprocessed: Readonly<Record<string, PreprocessedTree>>,
): FilledChip[] {
  return riscvAir.chips.flatMap((chip, i) => {
    const filled = made[i]
    if (filled === undefined) return []
    const read = (pointer: number): Uint32Array => kernels.words(pointer, 2 ** filled.logHeight).slice()
    const trusted = preprocessed[chip.preprocessed?.tree ?? '']?.byChip[chip.name] ?? []
    const columns = { main: filled.main.map(read), preprocessed: trusted.map((c) => read(c.natural)) }
    return [{ chip: chip as Chip<never>, columns }]
  })
}

const evaluatorOf = ({ chip, columns }: FilledChip, publics: readonly number[]) => {
  const height = (columns.main[0] ?? columns.preprocessed![0]).length
  const valuesOf = rowEvaluator(programOf(chip).steps, {
    main: columns.main,
    preprocessed: columns.preprocessed ?? [],
    publics,
    previous: (row) => (row + height - 1) % height,
    first: (row) => (row === 0 ? 1 : 0),
  })
  return { height, valuesOf }
}

function count(filled: FilledChip, run: Run, publics: readonly number[]): void {
  const { height, valuesOf } = evaluatorOf(filled, publics)
  const { messages } = programOf(filled.chip)
  for (let row = 0; row < height; row++) {
    const values = valuesOf(row)
    filled.chip.messages.forEach(({ bus, sign }, j) => {
      const times = values[messages[j].multiplicity]
      if (bus.table === undefined || sign === 1 || times === 0) return
      const counts = run.counts[bus.name as keyof Counts]
      const key = messages[j].tuple.reduce((k, step, t) => k + bus.table!.key[t] * values[step], 0)
      const slot = Math.floor(key / 2 ** bus.table.shift) - (bus.name === 'Rom' ? run.rom.base : 0)
      if (slot >= 0 && slot < counts.length) counts[slot] = (counts[slot] + times) % P
    })
  }
}

function breaks(
  filled: readonly FilledChip[],
  statement: Statement,
  header: ImageHeader,
  publics: readonly number[],
  calls: readonly LoggedCall[],
): string[] {
  const found = new Set<string>()
  for (const one of filled) {
    const { height, valuesOf } = evaluatorOf(one, publics)
    const { constraints } = programOf(one.chip)
    for (let row = 0; row < height; row++) {
      const values = valuesOf(row)
      constraints.forEach((step, k) => {
        if (values[step] !== 0) found.add(`${one.chip.name}: ${one.chip.constraints[k].name}`)
      })
    }
  }
  const terms = listPublicTerms(statement, { entry: header.entry, sp: INITIAL_SP }, calls)
  for (const { bus } of busBalance(filled, terms, publics, 1000)) found.add(bus)
  return [...found].sort()
}
