// The names of the fields that an object may have, from the OpenAPI schema of its CustomResourceDefinition.

/** Fields by name; `*` is any name. A boolean means a plain value, or any content. A list has the fields of its items. */
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
