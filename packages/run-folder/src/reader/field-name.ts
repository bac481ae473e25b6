/** The paths of a tree's values: `optimizer.lr`. */
type PathOf<T, Depth extends readonly unknown[] = []> = Depth['length'] extends 6
  ? never
  : T extends readonly unknown[] | string | number | boolean | null | undefined
    ? never
    : {
        [K in keyof T & string]: K | `${K}.${PathOf<Exclude<T[K], undefined>, [...Depth, unknown]>}`
      }[keyof T & string]

/** The name of a field: an editor completes those of the config; every other name is accepted, too. */
export type FieldName<Config> =
  | `config.${PathOf<Config>}`
  | 'id'
  | 'status'
  | 'tags'
  | 'info.duration'
  | (string & {})
