// The program's field names equal those of the Gateway API's own CustomResourceDefinitions.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { gatewayApiCrds } from '../../localstack/cluster/gateway-api-crds.ts';
import { type FieldSchema, type Fields, schemaFields } from '../../src/cli/schema-fields.ts';

const table = join(import.meta.dirname, '../../src/cli/gateway-api-fields.json');

interface Definition {
  readonly kind: string;
  readonly spec: {
    readonly names?: { readonly kind: string };
    readonly versions?: readonly {
      readonly served: boolean;
      readonly schema: { readonly openAPIV3Schema: FieldSchema };
    }[];
  };
}

/** The fields of all served versions, without status, which no manifest may have. */
function fieldsOf(versions: Definition['spec']['versions'] = []): Fields {
  const specs = versions
    .filter(({ served }) => served)
    .map(({ schema }) => schemaFields(schema.openAPIV3Schema.properties?.['spec'] ?? {}));
  expect(new Set(specs.map((each) => JSON.stringify(each))).size, 'versions with the same fields').toBe(1);
  return { spec: specs[0] ?? true };
}

test('every kind of the standard channel has exactly the fields of its CRD: -u rewrites them', async () => {
  const kinds: Record<string, Fields> = {};
  for (const file of await gatewayApiCrds()) {
    for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
      const { kind, spec }: Definition = document.toJS();
      if (kind === 'CustomResourceDefinition') kinds[spec.names?.kind ?? file] = fieldsOf(spec.versions);
    }
  }
  await expect(`${JSON.stringify(kinds, null, 2)}\n`).toMatchFileSnapshot(table);
});
