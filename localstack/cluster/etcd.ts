/**
 * Writes an object unchanged into etcd: with its UID, generation, status and field managers, which no request to an API
 * server could write. The API server sees it like any other change.
 *
 * @param key the key in etcd, without the prefix of the registry: `services/specs/NAMESPACE/NAME`
 */
export async function storeObject(etcdUrl: string, key: string, object: object): Promise<void> {
  const body = JSON.stringify({ key: base64(`/registry/${key}`), value: base64(JSON.stringify(object)) });
  // https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
  const response = await fetch(new URL('/v3/kv/put', etcdUrl), { method: 'POST', body });
  if (!response.ok) throw new Error(`etcd did not take ${key}: ${await response.text()}`);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
