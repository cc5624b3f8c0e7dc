import { describe, expect, it } from 'vitest'
import { addressOption, choice, imageIdOption, integer, memorySize, once } from '../src/options.ts'

describe('option values', () => {
  it('integers', () => {
    expect(integer('--n', 1, 100)('42', undefined)).toBe(42)
    for (const bad of ['0', '101', '-1', '1e1', '0x10', ' 5', '', '1.5', '5 ', 'NaN', '٣'])
      expect(() => integer('--n', 1, 100)(bad, undefined)).toThrow(
        '--n: expected a whole number from 1 to 100',
      )
  })

  it('sizes', () => {
    const parse = (text: string): number => memorySize('--max-memory')(text, undefined)
    expect(parse('4GiB')).toBe(4 * 2 ** 30)
    expect(parse('512M')).toBe(512 * 2 ** 20)
    expect(parse('1.5g')).toBe(1.5 * 2 ** 30)
    expect(parse('1000')).toBe(1000)
    for (const bad of ['', '0', '-1', '4XB', 'GiB', '4 G B', '1e3', '99999999TiB'])
      expect(() => parse(bad)).toThrow('expected a size')
  })

  it('addresses', () => {
    expect(addressOption('--addr')('0x10074', undefined)).toBe(0x10074)
    expect(addressOption('--addr')('16', undefined)).toBe(16)
    for (const bad of ['0x100000000', '4294967296', '-4', '0x', '10h'])
      expect(() => addressOption('--addr')(bad, undefined)).toThrow('expected an address')
  })

  it('names and image ids', () => {
    expect(choice('--profile', ['a', 'b'])('b', undefined)).toBe('b')
    expect(() => choice('--profile', ['a', 'b'])('c', undefined)).toThrow('expected a or b')
    expect(imageIdOption('--image-id')('AB'.repeat(32), undefined)).toBe('ab'.repeat(32))
    expect(() => imageIdOption('--image-id')('ab', undefined)).toThrow('64 hex digits')
  })

  it('an option is given once and does not swallow a flag', () => {
    expect(() => once('--out')('a', 'b')).toThrow('given twice')
    expect(() => once('--out')('--json', undefined)).toThrow('argument missing')
    expect(() => integer('--n', 1, 2)('1', 1)).toThrow('given twice')
    expect(() => memorySize('--m')('1', 1)).toThrow('given twice')
    expect(() => addressOption('--a')('1', 1)).toThrow('given twice')
    expect(() => choice('--c', ['a'])('a', 'a')).toThrow('given twice')
    expect(() => imageIdOption('--i')('00'.repeat(32), '')).toThrow('given twice')
  })
})
