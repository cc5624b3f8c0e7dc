import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { assertDistinct, createOutput } from '../src/output-file.ts'
import { workFolder } from './support.ts'

const folder = workFolder()

describe('output files', () => {
  it('appear whole under their name', async () => {
    const output = await createOutput('--out', folder.path('a'))
    expect((await folder.names()).filter((name) => name === 'a')).toEqual([])
    await output.commit(Uint8Array.of(1, 2, 3))
    expect([...(await readFile(folder.path('a')))]).toEqual([1, 2, 3])
    await output.discard()
    expect(await folder.names()).toEqual(['a'])
  })

  it('discard leaves nothing, and keeps the file of before', async () => {
    await writeFile(folder.path('b'), 'old')
    const output = await createOutput('--out', folder.path('b'))
    await output.discard()
    expect(await readFile(folder.path('b'), 'utf8')).toBe('old')
    expect((await folder.names()).filter((name) => name.includes('.tmp'))).toEqual([])
  })

  it('follow a link instead of replacing it', async () => {
    await writeFile(folder.path('real'), 'old')
    await symlink(folder.path('real'), folder.path('link'))
    const output = await createOutput('--out', folder.path('link'))
    await output.commit(new TextEncoder().encode('new'))
    expect(await readFile(folder.path('real'), 'utf8')).toBe('new')
  })

  it('refuse folders, devices, standard output and missing folders at once', async () => {
    await mkdir(folder.path('dir'))
    for (const path of [folder.path('dir'), '/dev/null', '-', folder.path('missing/x')])
      await expect(createOutput('--out', path)).rejects.toMatchObject({ code: 'file/unwritable', exit: 2 })
  })

  it('never name an input or each other', async () => {
    await writeFile(folder.path('guest.elf'), 'elf')
    const same = assertDistinct(
      [['<elf>', folder.path('guest.elf')]],
      [['--out', folder.path('./guest.elf')]],
    )
    await expect(same).rejects.toMatchObject({ code: 'file/same' })
    const twice = assertDistinct(
      [],
      [
        ['--out', folder.path('x')],
        ['--journal', folder.path('dir/../x')],
      ],
    )
    await expect(twice).rejects.toMatchObject({ code: 'file/same' })
    await assertDistinct(
      [
        ['--elf', folder.path('x')],
        ['--input', folder.path('x')],
      ],
      [],
    )
  })
})
