// The names of the fields that an object may have, out of the OpenAPI schema of its CustomResourceDefinition.

/** By name; `*` is any name. A boolean is a value, or what may hold anything. The items of a list stand for the list. */
export interface Fields {
  readonly [name: string]: Fields | boolean;
}

export interface FieldSchema {
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly additionalProperties?: FieldSchema | boolean;
  readonly items?: FieldSchema;
}

export function schemaFields({ properties, additionalProperties, items }: FieldSchema): Fields | boolean {
  if (items !== undefined) return schemaFields(items);
  if (properties !== undefined)
    return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, schemaFields(schema)]));
  return typeof additionalProperties === 'object' ? { '*': schemaFields(additionalProperties) } : true;
}
