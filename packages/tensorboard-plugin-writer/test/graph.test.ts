import { expect, test } from 'vitest'
import { type GraphModel, SummaryWriter } from '../src/index.ts'
import { eventFiles, readEvents } from './independent-reader.ts'
import { scratch } from './scratch.ts'

/** Stands for a layer of TensorFlow.js; the real ones are in the tests of @trainyard/tensorboard. */
function layer(
  name: string,
  className: string,
  options: object,
  ...inbound: [string, number, number, object][][]
) {
  return { name, class_name: className, config: { name, ...options }, inbound_nodes: inbound }
}

function written(model: GraphModel) {
  const logDir = scratch()
  const writer = new SummaryWriter(logDir)
  writer.addGraph(model)
  writer.close()
  const { node } = readEvents(eventFiles(logDir)[0]!).find(({ graphDef }) => graphDef)!.graphDef!
  return node.map(({ name, op, input }) => [name, op, ...input].join(' '))
}

test('a chain of layers begins with its input', () => {
  const layers = [layer('a', 'Dense', { units: 2, batch_input_shape: [null, 4] }), layer('b', 'Softmax', {})]
  const model = { name: 'm', layers: [], toJSON: () => ({ config: { name: 'm', layers } }) }
  expect(written(model)).toEqual(['m/input InputLayer', 'm/a Dense m/input', 'm/b Softmax m/a'])
})

test('a model in the model opens, a layer used twice is two nodes, and outputs are found by their number', () => {
  const inner = {
    layers: [layer('x', 'InputLayer', {}), layer('y', 'Split', {}, [['x', 0, 0, {}]])],
    input_layers: [['x', 0, 0]],
    output_layers: [['y', 0, 0]],
  }
  const layers = [
    layer('in', 'InputLayer', {}),
    layer('shared', 'Dense', {}, [['in', 0, 0, {}]], [['shared', 0, 0, {}]]),
    layer('block', 'Model', inner, [['shared', 0, 0, {}]]),
    layer('sum', 'Add', {}, [
      // TensorFlow.js writes the number of a use in another model.
      ['block', 1, 0, {}],
      ['shared', 1, 0, {}],
    ]),
  ]
  const config = { name: 'm', layers, input_layers: [['in', 0, 0]], output_layers: [['sum', 0, 0]] }
  expect(written({ name: 'm', layers: [], toJSON: () => ({ config }) })).toEqual([
    'm/in InputLayer',
    'm/shared Dense m/in',
    'm/shared_1 Dense m/shared',
    'm/block/x InputLayer m/shared',
    'm/block/y Split m/block/x',
    'm/sum Add m/block/y m/shared_1',
  ])
})

test('what is no model is refused', () => {
  const writer = new SummaryWriter(scratch())
  const model = { name: 'm', layers: [], toJSON: () => ({}) }
  expect(() => writer.addGraph(model)).toThrow('`model` must be a tf.LayersModel, such as tf.sequential()')
})
