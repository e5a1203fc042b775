import { expect, test } from 'vitest';
import type { GatewayClass, ReferenceGrant } from '../api/gateway-api.ts';
import { Cache } from '../kube/cache.ts';
import type { EventNote } from '../kube/events.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { reportFaults } from './report-faults.ts';

const grant = (resourceVersion: string, field?: string): ReferenceGrant => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'ReferenceGrant',
  metadata: { namespace: 'shop', name: 'from-web', resourceVersion },
  spec: { from: [], to: [] },
  ...(field !== undefined && { fault: { field, detail: 'Invalid input', isLast: false } }),
});

test('a ReferenceGrant that can not be read any more gets an Event, once for each fault', () => {
  const cacheOf = <T extends ReferenceGrant | GatewayClass>() =>
    new Cache<T, 'namespace' | 'configuration'>({
      indexers: { namespace: () => [], configuration: () => [] },
      logger: silentLogger,
    });
  const [referenceGrants, gatewayClasses] = [cacheOf<ReferenceGrant>(), cacheOf<GatewayClass>()];
  const recorded: EventNote[] = [];
  reportFaults({ referenceGrants, gatewayClasses }, { record: (_, note) => void recorded.push(note) });
  for (const each of [grant('1'), grant('2', 'spec.to[0]'), grant('3', 'spec.to[0]'), grant('4', 'spec.from[0]')]) {
    referenceGrants.put(each);
  }
  expect(recorded.map(({ type, reason, note }) => `${type} ${reason} ${note.split(' ')[0]}`)).toEqual([
    'Warning Unreadable spec.to[0]:',
    'Warning Unreadable spec.from[0]:',
  ]);
});
