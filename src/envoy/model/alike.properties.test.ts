// Envoy answers every request as the Gateway API says it.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { routeId } from '../../gateway/route-id.ts';
import { hosts, requests, topologies } from '../../gateway/testing/arbitrary.ts';
import { answering, listenerFor, plainHost, type SampleRequest } from '../../gateway/testing/reference.ts';
import type { PortTopology, Topology } from '../../gateway/topology.ts';
import { modelOf } from './testing/model-of.ts';
import { chainFor, routeFor } from './testing/reference-envoy.ts';

const portOf = ({ ports: [port] }: Topology): PortTopology => {
  if (port === undefined) throw new Error('a topology without a port');
  return port;
};

/** The name of the route that Envoy should take. */
function expected(topology: Topology, listener: PortTopology['listeners'][number], sample: SampleRequest): string {
  const found = answering(listener, topology.routes, sample);
  return found === undefined ? '404' : `${routeId(found.route)}/${found.ruleIndex}/${found.matchIndex}`;
}

test('on an HTTP port, the rule answers that the Gateway API names', () => {
  fc.assert(
    fc.property(topologies(false), fc.array(requests, { minLength: 30, maxLength: 30 }), (topology, samples) => {
      const { snapshot, problems } = modelOf(topology);
      expect(problems).toEqual([]);
      for (const sample of samples) {
        const listener = listenerFor(portOf(topology), plainHost(sample.host));
        const answer = routeFor(snapshot, 'http/80', sample)?.name ?? '404';
        expect(answer).toBe(listener === undefined ? '404' : expected(topology, listener, sample));
      }
    }),
    { numRuns: 200 },
  );
});

test('on an HTTPS port, hosts of other listeners are misdirected, and hosts of nobody are not found', () => {
  const connection = fc.record({ serverName: fc.constantFrom(...hosts.map(plainHost)), sample: requests });
  fc.assert(
    fc.property(topologies(true), fc.array(connection, { minLength: 30, maxLength: 30 }), (topology, samples) => {
      const { snapshot } = modelOf(topology);
      for (const { serverName, sample } of samples) {
        const chain = chainFor(snapshot, 'tcp/80', serverName);
        const connected = listenerFor(portOf(topology), serverName);
        expect(chain).toBe(connected && `http/80/${connected.name}`);
        if (chain === undefined || connected === undefined) continue;
        const owner = listenerFor(portOf(topology), plainHost(sample.host));
        const answer = routeFor(snapshot, chain, sample)?.name ?? '404';
        const right = owner === connected ? expected(topology, connected, sample) : 'misdirected';
        expect(answer).toBe(owner === undefined ? '404' : right);
      }
    }),
    { numRuns: 200 },
  );
});
