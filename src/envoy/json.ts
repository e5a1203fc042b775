// Envoy's resources in its own JSON, for people.
import { fromBinary, type JsonObject, toJson } from '@bufbuild/protobuf';
import type { Resource } from './snapshot.ts';
import { xdsRegistry } from './xds/registry.ts';

/** The whole resource. */
export function resourceJson({ typeUrl, bytes }: Resource): JsonObject {
  const name = typeUrl.slice(typeUrl.indexOf('/') + 1);
  const schema = xdsRegistry.getMessage(name);
  if (schema === undefined) throw new TypeError(`Expected ${name} to be a message of Envoy's API`);
  const json = toJson(schema, fromBinary(schema, bytes), { registry: xdsRegistry });
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError(`${name} is no object`);
  return json;
}
