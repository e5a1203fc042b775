// Routes of every kind: HTTP listeners take none but HTTPRoutes, and say so.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { get, type KubeObject } from '../../localstack/cluster/apply.ts';
import type { Route } from '../../src/api/route-kinds.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { gateway, gatewayClass, http, listenerSet } from './support/objects.ts';
import { programmed, removeAndWait, said } from './support/status.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

interface Shape {
  readonly kind: string;
  readonly plural: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

const backendRefs = [{ name: 'web', port: 80 }];
const shapes: readonly Shape[] = [
  { kind: 'GRPCRoute', plural: 'grpcroutes', spec: { rules: [{ backendRefs }] } },
  { kind: 'TLSRoute', plural: 'tlsroutes', spec: { hostnames: ['a.example.com'], rules: [{ backendRefs }] } },
  { kind: 'TCPRoute', plural: 'tcproutes', spec: { rules: [{ backendRefs }] } },
  { kind: 'UDPRoute', plural: 'udproutes', spec: { rules: [{ backendRefs }] } },
];

const routeOf = (ns: string, { kind, spec }: Shape, parentRefs: readonly unknown[]): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name: 'api', namespace: ns },
  spec: { parentRefs, ...spec },
});

async function reported(ns: string, { plural }: Shape): Promise<readonly string[]> {
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${ns}/${plural}/api`;
  const route = await get<Route>(rig.cluster.admin, path);
  return (route?.status?.parents ?? []).flatMap(({ parentRef, conditions }) =>
    said(conditions?.filter(({ type }) => type === 'Accepted')).map((words) => `${parentRef.name}: ${words}`),
  );
}

test.each(shapes)(
  'a $kind that names an HTTP listener of ours is not accepted, until it moves or the Gateway goes',
  async (shape) => {
    const ns = await rig.freshNamespace(shape.plural);
    await rig.apply([
      gatewayClass('another', { controllerName: 'example.com/another' }),
      gateway(ns, 'gw', [http()], { allowedListeners: { namespaces: { from: 'Same' } } }),
      listenerSet(ns, 'more', 'gw', [http({ port: 8080 })]),
      gateway(ns, 'theirs', [http()], { gatewayClassName: 'another' }),
    ]);
    await programmed(rig, gateway(ns, 'gw'));
    const ours = [{ name: 'gw' }, { group: 'gateway.networking.k8s.io', kind: 'ListenerSet', name: 'more' }];
    await rig.apply([routeOf(ns, shape, [...ours, { name: 'theirs' }])]);
    const refused = ['gw: Accepted=False/NotAllowedByListeners', 'more: Accepted=False/NotAllowedByListeners'];
    await eventually(async () => expect(await reported(ns, shape)).toEqual(refused));
    await rig.apply([routeOf(ns, shape, [{ name: 'theirs' }])]);
    await eventually(async () => expect(await reported(ns, shape)).toEqual([]));
    await rig.apply([routeOf(ns, shape, ours)]);
    await eventually(async () => expect(await reported(ns, shape)).toEqual(refused));
    await removeAndWait(rig, gateway(ns, 'gw'));
    await eventually(async () => expect(await reported(ns, shape)).toEqual([]));
  },
);
