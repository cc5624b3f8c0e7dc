import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { readSpec, readSpecs } from '../src/spec.ts'
import { workFolder } from './support.ts'

const folder = workFolder()
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('SPEC', () => {
  it('hex, text and file', async () => {
    expect([...(await readSpec('--input', 'hex:0aFF'))]).toEqual([10, 255])
    expect([...(await readSpec('--input', 'hex:'))]).toEqual([])
    expect(text(await readSpec('--input', 'text:hé:llo'))).toBe('hé:llo')
    await writeFile(folder.path('claim.bin'), 'claim')
    expect(text(await readSpec('--input', `file:${folder.path('claim.bin')}`))).toBe('claim')
  })

  it.each([
    ['hunter2', 'input/spec'],
    ['hex:hunter2', 'input/hex'],
    ['hex:abcde', 'input/hex'],
    ['HEX:00', 'input/spec'],
    ['file:', 'file/unreadable'],
  ])('refuses %s as %s', async (spec, code) => {
    await expect(readSpec('--input', spec)).rejects.toMatchObject({ code, exit: 2 })
  })

  it('names the position of a bad digit and never the content', async () => {
    const error: Error = await readSpec('--input', 'hex:00secret').then(
      () => new Error('accepted'),
      (e: Error) => e,
    )
    expect(error.message).toContain('position 3')
    expect(error.message).not.toContain('secret')
    const other: Error = await readSpec('--input', 'hunter2').then(
      () => new Error('accepted'),
      (e: Error) => e,
    )
    expect(other.message).not.toContain('hunter2')
  })

  it('refuses a folder, and standard input twice', async () => {
    await expect(readSpec('--input', `file:${folder.path('')}`)).rejects.toMatchObject({
      code: 'file/unreadable',
    })
    await expect(readSpecs({ '--input': '-', '--public-input': '-' })).rejects.toMatchObject({
      code: 'input/stdin',
    })
  })

  it('stops reading an endless file', async () => {
    await expect(readSpec('--input', 'file:/dev/zero')).rejects.toMatchObject({ code: 'file/too-large' })
  })
})
