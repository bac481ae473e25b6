import { expect, test } from 'vitest'
import { fillName, ModelCheckpoint } from '../src/index.ts'

const values = { epoch: 1, step: 300, val_loss: 0.081_234, 'top/1': 0.5 }

test.each([
  ['{epoch}-{step}-{val_loss:.4f}', 'epoch=1-step=300-val_loss=0.0812'],
  ['{epoch:02d}-{step:06d}', 'epoch=01-step=000300'],
  ['mine_{val_loss:.2e}', 'mine_val_loss=8.12e-2'],
  ['{val_loss:.3g}', 'val_loss=0.0812'],
  ['{val_loss}', 'val_loss=0.081234'],
  ['fixed', 'fixed'],
  ['{top/1:.1f}', 'top_1=0.5'],
])('%s is filled in as %s', (template, name) => expect(fillName(template, values)).toBe(name))

test('a metric without a value is left out, with what stands before it', () => {
  expect(fillName('{epoch}-{step}-{val_loss:.4f}', { epoch: 1, step: 3, val_loss: undefined })).toBe(
    'epoch=1-step=3',
  )
  expect(fillName('{val_loss:.4f}-{step}', { step: 3 })).toBe('step=3')
})

test('without names there are only the numbers', () => {
  expect(fillName('{epoch}-{step}', values, false)).toBe('1-300')
})

test('NaN and the infinite ones have names, too', () => {
  expect(fillName('{a:.2f}_{b:.2f}', { a: Number.NaN, b: -Infinity })).toBe('a=NaN_b=-Infinity')
})

test.each([
  ['a/b', 'must be a name, not a path'],
  ['..\\up', 'must be a name, not a path'],
  ['.hidden', 'must not begin with a dot'],
  ['{step', 'has a brace without its other'],
  ['{step:x}', 'the format in {step:x} does not exist; use one like .4f'],
  ['', 'must be a name that is not empty'],
])('the template %j is an error at once', (filename, message) => {
  expect(() => new ModelCheckpoint({ filename })).toThrow(message)
})
