// A ConfigMap with one hash per target group, of the targets that were last confirmed. If it is lost, the groups are read
// again. Nothing else depends on it.
import { type ConfigMap, configMaps } from '../../api/kinds.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists, isNotFound } from '../../kube/kube-error.ts';
import { objectKey } from '../../kube/object.ts';
import type { MembershipPersistence } from './membership.ts';

const name = 'gatehouse-targets';

export function membershipStore(client: KubeClient, namespace: string, signal: AbortSignal): MembershipPersistence {
  const key = objectKey({ namespace, name });
  return {
    load: async () => {
      try {
        return (await client.get(configMaps, key, signal)).data ?? {};
      } catch (error) {
        if (isNotFound(error)) return {};
        throw error;
      }
    },
    // All data is written, so that entries of deleted groups disappear. Only the leader writes.
    save: async (data) => {
      const operations = [{ op: 'add', path: '/data', value: data }] as const;
      try {
        await client.patch(configMaps, key, { kind: 'json', operations }, signal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
        await client.create(configMaps, object, signal).catch((refused: unknown) => {
          if (!isAlreadyExists(refused)) throw refused;
        });
      }
    },
  };
}
