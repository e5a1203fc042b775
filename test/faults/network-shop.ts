// A Gateway with TCP, UDP and TLS listeners, and real traffic through its NLB.
import { namedOf } from '../../localstack/aws/dns/names.ts';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import type { Listener } from '../../src/api/gateway-api.ts';
import { eventually } from '../integration/support/eventually.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { connectionRoute, gateway } from '../integration/support/objects.ts';
import { programmed } from '../integration/support/status.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { type ConnectionTraffic, type ConnectionTrafficOptions, startConnectionTraffic } from './connection-traffic.ts';
import { type Door, openConversation } from './conversation.ts';
import type { Deployment, DeploymentOptions } from './deployment.ts';
import { certificateOf, deploymentsIn, portOffset, reachableOf } from './shop.ts';

/** The listeners, by protocol. Each has the lower case protocol as its name. */
export const ports = { TCP: 5432, UDP: 5353, TLS: 8883 } as const;
export type Kind = keyof typeof ports;

const hostname = 'shop.example.com';

/** @param secrets of the TLS listener */
export const listenersOf = (...secrets: readonly string[]): readonly Listener[] => [
  { name: 'tcp', protocol: 'TCP', port: ports.TCP },
  { name: 'udp', protocol: 'UDP', port: ports.UDP },
  {
    name: 'tls',
    protocol: 'TLS',
    port: ports.TLS,
    tls: { mode: 'Terminate', certificateRefs: secrets.map((name) => ({ name })) },
  },
];

type Backends = Readonly<Record<string, number>>;

/** A namespace with everything for a Gateway `gw`. The certificate of its TLS listener is in the Secret `tls`. */
export async function openNetworkShop(rig: Rig, name: string) {
  const ns = await rig.freshNamespace(name);
  const gw = gateway(ns, 'gw', listenersOf('tls'));
  const tls = await tlsSecret(ns, 'tls', ['*.example.com']);
  const trusted = [certificateOf(tls)];
  const deployments = deploymentsIn(rig, ns);
  const door = (kind: Kind, address: string, port: number = ports[kind]): Door => ({
    kind,
    address,
    port: port + portOffset,
    hostname,
    trusted,
  });
  const doors = (kinds: readonly Kind[] = ['TCP', 'UDP', 'TLS']): readonly Door[] =>
    kinds.map((kind) => door(kind, reachableOf(rig, ns).address));
  /** The load balancer by its name. DNS is asked each time a client connects. */
  const namedDoor = (kind: Kind): Door => ({
    ...door(kind, ''),
    get address() {
      const { ipv4 } = namedOf(reachableOf(rig, ns)).addresses;
      return ipv4[Math.floor(Math.random() * ipv4.length)] ?? '';
    },
  });
  /** @throws if a listener does not answer */
  const answers = async (): Promise<void> => {
    for (const each of doors()) {
      using conversation = await openConversation(each);
      await conversation.ask();
    }
  };
  return {
    ns,
    gw,
    tls,
    trusted,
    door,
    doors,
    namedDoor,
    endPods: deployments.endPods,
    /** A Service whose pods answer requests, lines, or datagrams. */
    deploy: (each: string, speaks: DeploymentOptions['speaks'], replicas = 3): Promise<Deployment> =>
      deployments.deploy(each, { speaks, replicas }),
    /** The route of a listener. @param backends Services, and their weights */
    route: (kind: Kind, backends: Backends, listener: string = kind.toLowerCase()): KubeObject =>
      connectionRoute(kind, ns, listener, [{ name: 'gw', sectionName: listener }], backends, {
        ...(kind === 'TLS' && { hostnames: [hostname] }),
      }),
    /** Applies the Gateway with these routes, and waits until each listener answers. */
    open: async (routes: readonly KubeObject[]): Promise<void> => {
      await rig.apply([tls, gw, ...routes]);
      await programmed(rig, gw);
      await eventually(answers);
    },
    answers,
    traffic: (
      options: Omit<ConnectionTrafficOptions, 'doors'> & Partial<ConnectionTrafficOptions>,
    ): ConnectionTraffic => startConnectionTraffic({ doors: doors(), ...options }),
  };
}

export type NetworkShop = Awaited<ReturnType<typeof openNetworkShop>>;
