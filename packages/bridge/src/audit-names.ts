import type { CallNames } from './audit-view.ts'
import * as errnos from './errno.ts'
import type { Manifest } from './manifest.ts'
import { SERVICES } from './table.ts'

const ERRNOS = new Map<string, number>(
  Object.entries(errnos).flatMap(([name, value]) =>
    /^E[A-Z0-9]+$/.test(name) && typeof value === 'number' ? [[name, value] as const] : [],
  ),
)
const ERRNO_NAMES = new Map<number, string>([...ERRNOS].map(([name, value]) => [value, name]))

/** The number that is called EFAULT, say. */
export const errnoNamed = (name: string): number | undefined => ERRNOS.get(name)

/** The names of the services, and of the calls that a manifest adds. */
export function callNames(manifest: Manifest): CallNames {
  const calls = new Map<number, { readonly name: string; readonly args: number }>()
  for (const { number, name, args } of SERVICES) calls.set(number, { name, args: args.length })
  for (const [name, { number, args }] of Object.entries(manifest.calls)) calls.set(number, { name, args })
  return {
    nameOf: (number) => calls.get(number)?.name,
    argsOf: (number) => calls.get(number)?.args,
    errnoOf: (errno) => ERRNO_NAMES.get(errno),
  }
}
