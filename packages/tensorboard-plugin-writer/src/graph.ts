import { fail } from './errors.ts'
import { Message } from './message.ts'
import { shapeMessage } from './tensor-message.ts'

/** What is asked of a model; a `tf.LayersModel` fits. */
export interface GraphModel {
  readonly name: string
  readonly layers: readonly { readonly name: string }[]
  toJSON(unused: undefined, asString: false): unknown
}

/** A layer or model in the JSON form that TensorFlow.js shares with Keras. */
interface LayerJson {
  readonly class_name: string
  readonly config: { readonly name: string; readonly [option: string]: unknown }
  /** Of each use of the layer, where its inputs come from: layer, which use of that, which of its outputs. */
  readonly inbound_nodes?: readonly (readonly Source[])[]
}

type Source = readonly [layer: string, use: number, output: number]

interface ModelConfig {
  readonly layers: readonly LayerJson[]
  readonly input_layers?: readonly Source[]
  readonly output_layers?: readonly Source[]
}

/** What the model knows of a layer besides. */
interface Layer {
  readonly name: string
  readonly outputShape?: unknown
  readonly layers?: readonly Layer[]
  countParams?(): number
}

/**
 * Makes a `GraphDef` of a model: a node for each layer, with its options and its output's shape; a model within the model is a box that opens, a layer that is
 * used twice is two nodes.
 */
export function graphOf(model: GraphModel): Message {
  const json = model.toJSON(undefined, false) as LayerJson
  if (!Array.isArray(json.config?.layers)) fail('`model` must be a tf.LayersModel, such as tf.sequential()')
  const graph = new Message()
  addModel(graph, json, model.layers, `${model.name}/`, [])
  return graph.message(4, new Message().int(1, 22))
}

/** Adds the nodes of a model, and gives the names of those that hold its outputs. */
function addModel(
  graph: Message,
  json: LayerJson,
  known: readonly Layer[],
  scope: string,
  inputs: readonly string[],
): string[] {
  const { layers, input_layers, output_layers } = json.config as unknown as ModelConfig
  if (!output_layers) return addChain(graph, layers, known, scope, inputs)
  const find = (name: string): LayerJson => layers.find(({ config }) => config.name === name)!
  const done = new Map<string, string[]>()
  /** Gives the outputs of one use of a layer; adds it, and what it needs, when first asked. */
  const outputsOf = ([name, use]: Source): string[] => {
    const layer = find(name)
    const uses = layer.inbound_nodes ?? []
    // TensorFlow.js may count uses in other models, too.
    const index = Math.max(0, Math.min(use, uses.length - 1))
    const key = index === 0 ? name : `${name}_${index}`
    const found = done.get(key)
    if (found) return found
    const input = input_layers!.findIndex(([other]) => other === name)
    const sources =
      input >= 0
        ? inputs.slice(input, input + 1)
        : (uses[index] ?? []).map((source) => outputsOf(source)[source[2]] ?? outputsOf(source)[0]!)
    const added = addLayer(graph, layer, known, scope + key, sources)
    done.set(key, added)
    return added
  }
  for (const layer of layers)
    for (let use = 0; use < Math.max(1, layer.inbound_nodes?.length ?? 0); use++)
      outputsOf([layer.config.name, use, 0])
  return output_layers.map((source) => outputsOf(source)[source[2]] ?? outputsOf(source)[0]!)
}

function addChain(
  graph: Message,
  layers: readonly LayerJson[],
  known: readonly Layer[],
  scope: string,
  inputs: readonly string[],
): string[] {
  let last = [...inputs]
  const [first] = layers
  if (last.length === 0 && first && first.class_name !== 'InputLayer') {
    last = [`${scope}input`]
    graph.message(
      1,
      nodeMessage(
        last[0]!,
        'InputLayer',
        [],
        {},
        first.config['batch_input_shape'] ?? first.config['batchInputShape'],
      ),
    )
  }
  for (const layer of layers) last = addLayer(graph, layer, known, scope + layer.config.name, last)
  return last
}

function addLayer(
  graph: Message,
  layer: LayerJson,
  known: readonly Layer[],
  path: string,
  inputs: readonly string[],
): string[] {
  const { name, ...options } = layer.config
  const found = known.find((other) => other.name === name)
  if (Array.isArray(options['layers'])) return addModel(graph, layer, found?.layers ?? [], `${path}/`, inputs)
  const parameters = found?.countParams?.() ?? 0
  const shape = found?.outputShape ?? options['batch_input_shape']
  graph.message(1, nodeMessage(path, layer.class_name, inputs, { ...options, parameters }, shape))
  return [path]
}

/** Makes a `NodeDef`. */
function nodeMessage(
  name: string,
  op: string,
  inputs: readonly string[],
  options: Readonly<Record<string, unknown>>,
  shape: unknown,
): Message {
  const node = new Message().string(1, name).string(2, op)
  for (const input of inputs) node.string(3, input)
  for (const [option, value] of Object.entries(options)) {
    const attribute = attributeOf(value)
    if (attribute) node.message(5, new Message().string(1, option).message(2, attribute))
  }
  const shapes = shapesOf(shape)
  if (shapes.length === 0) return node
  const list = new Message()
  for (const each of shapes) list.message(7, shapeMessage(each.map((size) => size ?? -1)))
  return node.message(5, new Message().string(1, '_output_shapes').message(2, new Message().message(1, list)))
}

/** Makes an `AttrValue` of an option that is a plain value; initializers and the like would only hide the others. */
function attributeOf(value: unknown): Message | undefined {
  if (typeof value === 'boolean') return new Message().int(5, value)
  if (typeof value === 'string') return new Message().string(2, value)
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? new Message().int(3, value) : new Message().float(4, value)
  return Array.isArray(value) ? new Message().string(2, JSON.stringify(value)) : undefined
}

/** A layer has one output shape, or a list of them; null stands for any size. */
function shapesOf(shape: unknown): (number | null)[][] {
  if (!Array.isArray(shape)) return []
  return Array.isArray(shape[0]) ? (shape as (number | null)[][]) : [shape as (number | null)[]]
}
