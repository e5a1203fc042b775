// The shapes of EC2's messages, as the SDK's own serializer takes them: arrays that begin with a number for their kind.
declare const value: unique symbol;

export interface Shape<T> {
  readonly schema: unknown;
  /** Never there: it carries the type. */
  readonly [value]?: T;
}

export type ValueOf<S> = S extends Shape<infer T> ? T : never;

const namespace = 'com.amazonaws.ec2';

export const text: Shape<string> = { schema: 0 };
export const number: Shape<number> = { schema: 1 };
export const flag: Shape<boolean> = { schema: 2 };

export const list = <T>(of: Shape<T>): Shape<T[]> => ({
  schema: [1, namespace, 'List', 0, [of.schema, { xmlName: 'item' }]],
});

/** Each member by its name here, with its name on the wire; that of a request begins with a capital letter there. */
export const struct = <const M extends Readonly<Record<string, readonly [wire: string, Shape<unknown>]>>>(
  members: M,
): Shape<{ [K in keyof M]?: ValueOf<M[K][1]> | undefined }> => ({
  schema: [
    3,
    namespace,
    'Struct',
    0,
    Object.keys(members),
    Object.values(members).map(([xmlName, { schema }]) => [schema, { xmlName }]),
  ],
});

export const operation = (name: string, input: Shape<unknown>, output: Shape<unknown>): unknown => [
  9,
  namespace,
  name,
  0,
  () => input.schema,
  () => output.schema,
];
