// A Gateway with HTTP and HTTPS and real traffic. The scenarios change it while clients send requests.
import { X509Certificate } from 'node:crypto';
import { ownBlocks } from '../../localstack/aws/dataplane/own-blocks.ts';
import type { Reachable } from '../../localstack/aws/dataplane/reachable.ts';
import { parseMapping } from '../../localstack/aws/dataplane/target-address.ts';
import type { StartOptions } from '../../localstack/aws/server.ts';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { awsOf } from '../integration/support/aws.ts';
import { eventually } from '../integration/support/eventually.ts';
import { type Rig, type RigOptions, startRig } from '../integration/support/gatehouse.ts';
import { everythingOfOurs } from '../integration/support/left.ts';
import { gateway, http, https, service } from '../integration/support/objects.ts';
import { programmed } from '../integration/support/status.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { gone } from './awaiting.ts';
import { Deployment, type DeploymentOptions } from './deployment.ts';
import type { Options } from './scenario.ts';
import { Asker, startTraffic, type Traffic, type TrafficOptions } from './traffic.ts';

const blocks = ownBlocks(process.pid);
const mapping = `10.0.0.0/16=${blocks.targets}`;
/** Only root can use ports below 1024. */
export const portOffset = 10_000;

/** A rig whose load balancers forward traffic, on the loopback interface. */
export const startServingRig = (
  { program }: Options,
  aws: Omit<StartOptions, 'dataPlane'> = {},
  options: Omit<RigOptions, 'aws'> = {},
): Promise<Rig> =>
  startRig({
    ...options,
    gatehouse: { ...options.gatehouse, program },
    // The same draining time as in AWS.
    aws: {
      drainingSecondsMax: 300,
      ...aws,
      dataPlane: { addresses: blocks.addresses, portOffset, mapTargets: [mapping] },
    },
  });

const hostname = 'shop.example.com';

/** A namespace with everything for a Gateway `gw`. The certificate of its HTTPS listener is in the Secret `tls`. */
export async function openShop(rig: Rig, name: string, { from = 'Same' }: { readonly from?: 'Same' | 'All' } = {}) {
  const ns = await rig.freshNamespace(name);
  const allowedRoutes = { namespaces: { from } };
  const gw = gateway(ns, 'gw', [http({ allowedRoutes }), https(['tls'], { allowedRoutes })], {
    allowedListeners: { namespaces: { from } },
  });
  const tls = await tlsSecret(ns, 'tls', ['*.example.com']);
  const trusted = [certificateOf(tls)];
  return {
    ns,
    gw,
    /** The certificates that clients trust. */
    trusted,
    ...deploymentsIn(rig, ns),
    /** Applies the Gateway with these routes, and waits until both listeners answer 200. */
    open: async (routes: readonly KubeObject[]): Promise<void> => {
      await rig.apply([tls, gw, ...routes]);
      await programmed(rig, gw);
      await eventually(() => checkServed(rig, ns, { hostname, trusted }));
    },
    /** The fingerprint of the certificate that a client gets now. */
    shownCertificate: async (): Promise<string | undefined> => {
      const asker = new Asker({ ...placeOf(rig, ns), hostname, trusted });
      await asker.ask({ name: '', secure: true, kept: false }, '/');
      asker.close();
      return [...asker.certificates][0];
    },
    traffic: (options: Pick<TrafficOptions, 'isRight' | 'perSecond'> & Partial<TrafficOptions>): Traffic =>
      startTraffic({ ...placeOf(rig, ns), hostname, trusted, ...options }),
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;

/** The Services of a namespace, with serving pods. */
export function deploymentsIn(rig: Rig, ns: string) {
  const deployments: Deployment[] = [];
  return {
    /** With the settings of most scenarios. */
    deploy: async (each: string, options: Partial<DeploymentOptions> = {}): Promise<Deployment> => {
      const deployment = new Deployment({
        namespace: ns,
        service: each,
        replicas: 3,
        speaks: 'http',
        ports: [8080],
        targetPorts: { http: 8080 },
        graceMs: 15_000,
        mappings: [parseMapping(mapping)],
        apply: (objects) => rig.apply(objects),
        ...options,
      });
      deployments.push(deployment);
      const tcp = { name: 'http', port: 80, targetPort: 8080 };
      const ports =
        options.speaks === 'datagrams'
          ? [
              { ...tcp, protocol: 'UDP' },
              { ...tcp, name: 'http-tcp' },
            ]
          : [tcp];
      await rig.apply([service(ns, each, { ports })]);
      await deployment.start();
      return deployment;
    },
    endPods: async (): Promise<void> => {
      for (const deployment of deployments) await deployment.stop();
    },
  };
}

/** @throws if HTTP or HTTPS is not answered with 200 */
export async function checkServed(
  rig: Rig,
  ns: string,
  client: Pick<TrafficOptions, 'hostname' | 'trusted'>,
): Promise<void> {
  const asker = new Asker({ ...placeOf(rig, ns), ...client });
  try {
    for (const secure of [false, true]) {
      const { status, answer } = await asker.ask({ name: '', secure, kept: false }, '/');
      if (status !== 200) throw new Error(`Expected to be served, got ${status} ${answer}`);
    }
  } finally {
    asker.close();
  }
}

/** The load balancer of the namespace's Gateway, as clients reach it: of two, the NLB is in front. */
export function reachableOf(rig: Rig, ns: string): Reachable {
  const { loadBalancers } = awsOf(rig, `${ns}/gw`);
  const front = loadBalancers.find(({ type }) => type === 'network') ?? loadBalancers[0];
  const found = rig.aws.reachable().find(({ arn }) => arn === front?.arn);
  if (found === undefined) throw new Error(`Expected the load balancer of ${ns}/gw to have an address`);
  return found;
}

export const placeOf = (rig: Rig, ns: string) => ({
  address: reachableOf(rig, ns).address,
  httpPort: 80 + portOffset,
  httpsPort: 443 + portOffset,
});

/** Removes the Gateway, and ends the pods. @returns the Gateway's remaining resources in AWS */
export async function close(rig: Rig, shop: Pick<Shop, 'gw' | 'endPods'>): Promise<readonly string[]> {
  await rig.remove([shop.gw]);
  await gone(rig, shop.gw);
  await shop.endPods();
  return everythingOfOurs(rig.aws);
}

/** The certificate of a TLS Secret, in PEM. */
export function certificateOf({ stringData }: KubeObject): string {
  if (typeof stringData !== 'object' || stringData === null) throw new Error('Expected a Secret with stringData');
  return String(Reflect.get(stringData, 'tls.crt'));
}

export const fingerprintOf = (certificate: string): string => new X509Certificate(certificate).fingerprint256;
