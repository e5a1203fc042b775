// A Service with a trafficDistribution: real Envoys in two zones, and hints as the EndpointSlice controller writes them.
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../localstack/cluster/ports.ts';
import type { Endpoint, EndpointSlice } from '../../src/api/core.ts';
import { startAds, web } from '../../src/envoy/ads/testing/ads-under-test.ts';
import { endpointsOf } from '../../src/envoy/model/endpoints.ts';
import { clusterName, forRequests } from '../../src/envoy/model/upstreams.ts';
import type { Resource } from '../../src/envoy/snapshot.ts';
import { ClusterSchema } from '../../src/envoy/xds/envoy/config/cluster/v3/cluster_pb.ts';
import { ListenerSchema } from '../../src/envoy/xds/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../src/envoy/xds/envoy/config/route/v3/route_pb.ts';
import { service } from '../../src/gateway/testing/sample.ts';
import { ads, fromText, httpListener, startEnvoy } from './support/envoy.ts';

const within = { timeout: 10_000, interval: 20 };
const backends: Server[] = [];
let backendPorts: readonly number[] = [];

/** Each answers with its number. */
beforeAll(async () => {
  backendPorts = await freePorts(2);
  for (const [number, port] of backendPorts.entries()) {
    const server = createServer((_, response) => response.end(String(number)));
    backends.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  }
});
afterAll(() => {
  for (const server of backends) server.close();
});

const upstream = forRequests(service('shop'));
const name = clusterName(upstream);
const only = (resource: Resource) => new Map([[resource.name, resource]]);

/** A pod in each zone. @param hints for which zone each pod is */
const slices = (hints: readonly (string | undefined)[]): readonly EndpointSlice[] =>
  hints.map((zone, index): EndpointSlice => {
    const endpoint: Endpoint = { addresses: ['127.0.0.1'], ...(zone && { hints: { forZones: [{ name: zone }] } }) };
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `shop-${index}`, namespace: 'shop' },
      addressType: 'IPv4',
      ports: [{ name: '', port: backendPorts[index] ?? 0, protocol: 'TCP' }],
      endpoints: [endpoint],
    };
  });

test('an Envoy sends requests to pods of its zone while hints name some, and otherwise to all', async () => {
  const { server, port: adsPort, pods, authorities } = await startAds();
  for (const [pod, zone] of [['one', 'zone-a'] as const, ['two', 'zone-b'] as const]) {
    pods.set(pod, { gateway: web, stage: 'serving', location: { node: `node-of-${pod}`, zone } });
  }
  const [port = 0] = await freePorts(1);
  const cluster = { name, type: 'EDS', connectTimeout: '5s', edsClusterConfig: { edsConfig: ads } };
  const routes = [{ match: { prefix: '/' }, route: { cluster: name } }];
  server.publish(web, {
    clusters: only(fromText(ClusterSchema, name, cluster)),
    endpoints: only(endpointsOf(upstream, () => slices(['zone-a', 'zone-b']))),
    secrets: new Map(),
    listeners: only(fromText(ListenerSchema, 'http', httpListener('http', port))),
    routes: only(
      fromText(RouteConfigurationSchema, 'http', {
        name: 'http',
        virtualHosts: [{ name: 'all', domains: ['*'], routes }],
      }),
    ),
  });
  const answers = async (): Promise<readonly string[]> => {
    const all = Array.from({ length: 30 }, async () => await (await fetch(`http://127.0.0.1:${port}/`)).text());
    return [...new Set(await Promise.all(all))].toSorted();
  };
  const publish = (...hints: readonly (string | undefined)[]): void =>
    server.publishEndpoints(web, only(endpointsOf(upstream, () => slices(hints))));

  const one = await startEnvoy({ pod: 'one', adsPort, authorities });
  await expect.poll(() => answers().catch(String), within).toEqual(['0']);
  publish('zone-b', 'zone-b');
  await expect.poll(answers, within).toEqual(['0', '1']);
  publish('zone-b', 'zone-a');
  await expect.poll(answers, within).toEqual(['1']);
  publish('zone-a', undefined);
  await expect.poll(answers, within).toEqual(['0', '1']);
  publish('zone-a', 'zone-b');
  await expect.poll(answers, within).toEqual(['0']);

  await one.stop();
  await startEnvoy({ pod: 'two', adsPort, authorities });
  await expect.poll(() => answers().catch(String), within).toEqual(['1']);
});
