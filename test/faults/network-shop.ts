// A Gateway with TCP, UDP and TLS listeners, or with HTTP and HTTPS at the same address, and real traffic through its NLB.
import { namedOf } from '../../localstack/aws/dns/names.ts';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import type { Listener } from '../../src/api/gateway-api.ts';
import { otherwiseOf, rulesOf } from '../integration/support/aws.ts';
import { eventually } from '../integration/support/eventually.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { backendRef, connectionRoute, gateway, http, httpRoute, https } from '../integration/support/objects.ts';
import { programmed } from '../integration/support/status.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { type ConnectionReport, startConnectionTraffic } from './connection-traffic.ts';
import { type Door, openConversation } from './conversation.ts';
import type { Deployment } from './deployment.ts';
import { certificateOf, checkServed, deploymentsIn, placeOf, portOffset, reachableOf } from './shop.ts';
import { startTraffic } from './traffic.ts';

/** The listeners, by protocol. Each has the lower case protocol as its name. */
export const ports = { TCP: 5432, UDP: 5353, TLS: 8883 } as const;
export type Kind = keyof typeof ports;
type AnyKind = Kind | 'HTTP';

/** `mixed`: an NLB in front of an ALB. */
export type Form = 'network' | 'mixed';

/** Where clients connect. Each has its own listener and route. */
interface Entrance {
  readonly listener: string;
  readonly kind: Kind;
  readonly port: number;
  readonly speaks: 'lines' | 'datagrams';
}

const own: readonly Entrance[] = [
  { listener: 'tcp', kind: 'TCP', port: ports.TCP, speaks: 'lines' },
  { listener: 'udp', kind: 'UDP', port: ports.UDP, speaks: 'datagrams' },
  { listener: 'tls', kind: 'TLS', port: ports.TLS, speaks: 'lines' },
];
/** TCP and UDP on one port. Their routes must have the same backends. */
const sharedPort: readonly Entrance[] = [
  { listener: 'dns-tcp', kind: 'TCP', port: 53, speaks: 'datagrams' },
  { listener: 'dns-udp', kind: 'UDP', port: 53, speaks: 'datagrams' },
];
const entrancesOf = (form: Form): readonly Entrance[] => (form === 'mixed' ? [...sharedPort, ...own] : own);

const httpPorts = [80, 443] as const;
const hostname = 'shop.example.com';

/** @param secrets of the TLS and HTTPS listeners */
export const listenersOf = (form: Form, ...secrets: readonly string[]): readonly Listener[] => [
  ...(form === 'mixed' ? [http(), https(secrets)] : []),
  ...entrancesOf(form).map(({ listener: name, kind: protocol, port }): Listener => {
    const certificateRefs = secrets.map((secret) => ({ name: secret }));
    return { name, protocol, port, ...(protocol === 'TLS' && { tls: { mode: 'Terminate', certificateRefs } }) };
  }),
];

type Backends = Readonly<Record<string, number>>;

/** What pods of an application speak, by the end of their Service's name. */
const suffixes = { lines: '', datagrams: '-udp', http: '-web' } as const;
type Speaks = keyof typeof suffixes;

const servicesOf = (backends: Backends, speaks: Speaks): Backends =>
  Object.fromEntries(Object.entries(backends).map(([name, weight]) => [`${name}${suffixes[speaks]}`, weight]));

export interface ShopReport extends ConnectionReport {
  /** HTTP requests. */
  readonly requests: number;
}

interface ShopTrafficOptions {
  readonly perSecond: number;
  readonly doors?: readonly Door[];
  readonly isRight: (answer: string, kind: AnyKind) => boolean;
}

/** A namespace with everything for a Gateway `gw`. The certificate of its TLS listener is in the Secret `tls`. */
export async function openNetworkShop(rig: Rig, name: string, form: Form = 'network') {
  const ns = await rig.freshNamespace(name);
  const gw = gateway(ns, 'gw', listenersOf(form, 'tls'));
  const tls = await tlsSecret(ns, 'tls', ['*.example.com']);
  const trusted = [certificateOf(tls)];
  const deployments = deploymentsIn(rig, ns);
  const entrances = entrancesOf(form);
  const spoken: readonly Speaks[] = form === 'mixed' ? ['lines', 'datagrams', 'http'] : ['lines', 'datagrams'];
  const door = (kind: Kind, address: string, port: number = ports[kind]): Door => ({
    kind,
    address,
    port: port + portOffset,
    hostname,
    trusted,
  });
  const doors = (): readonly Door[] =>
    entrances.map(({ kind, port }) => door(kind, reachableOf(rig, ns).address, port));
  /** The load balancer by its name. DNS is asked each time a client connects. */
  const namedDoor = (kind: Kind): Door => ({
    ...door(kind, ''),
    get address() {
      const { ipv4 } = namedOf(reachableOf(rig, ns)).addresses;
      return ipv4[Math.floor(Math.random() * ipv4.length)] ?? '';
    },
  });
  /** The route of a listener. @param backends Services, and their weights */
  const route = (kind: Kind, backends: Backends, listener: string = kind.toLowerCase()): KubeObject =>
    connectionRoute(kind, ns, listener, [{ name: 'gw', sectionName: listener }], backends, {
      ...(kind === 'TLS' && { hostnames: [hostname] }),
    });
  const webRoute = (backends: Backends): KubeObject => {
    const backendRefs = Object.entries(backends).map(([service, weight]) => backendRef(service, { weight }));
    return httpRoute(ns, 'web', ['gw'], [{ backendRefs }]);
  };
  /** A Service whose pods answer lines, datagrams, or HTTP requests. */
  const deploy = (service: string, speaks: Speaks, replicas = 3): Promise<Deployment> =>
    deployments.deploy(service, { speaks, replicas });
  /** @throws if a listener does not answer */
  const answers = async (): Promise<void> => {
    for (const each of doors()) {
      using conversation = await openConversation(each);
      await conversation.ask();
    }
    if (form === 'mixed') await checkServed(rig, ns, { hostname, trusted });
  };
  return {
    ns,
    gw,
    form,
    tls,
    trusted,
    door,
    namedDoor,
    route,
    deploy,
    answers,
    endPods: deployments.endPods,
    /** Services for all routes of `routesTo`. Their pods are updated together. */
    deployAll: async (app: string, replicas = 3): Promise<Pick<Deployment, 'roll'>> => {
      const all: Deployment[] = [];
      for (const each of spoken) all.push(await deploy(`${app}${suffixes[each]}`, each, replicas));
      return { roll: async (version) => void (await Promise.all(all.map((each) => each.roll(version)))) };
    },
    /** The answers of pods of `deployAll`. */
    answersOf: (app: string, version = 'v1'): readonly string[] =>
      spoken.map((each) => `${app}${suffixes[each]} ${version} 8080`),
    /** A route for each listener. @param of applications and their weights */
    routesTo: (of: (kind: AnyKind) => Backends): readonly KubeObject[] => [
      ...entrances.map(({ kind, listener, speaks }) => route(kind, servicesOf(of(kind), speaks), listener)),
      ...(form === 'mixed' ? [webRoute(servicesOf(of('HTTP'), 'http'))] : []),
    ],
    /** @throws if AWS does not forward as these routes say */
    checkForwards: (of: (kind: AnyKind) => Backends): void => {
      const gatewayName = `${ns}/gw`;
      for (const { kind, port, speaks } of entrances) {
        checkForward(ns, otherwiseOf(rig, gatewayName, port), servicesOf(of(kind), speaks));
      }
      const rules = form === 'mixed' ? httpPorts.flatMap((port) => rulesOf(rig, gatewayName, port)) : [];
      for (const rule of rules) checkForward(ns, rule, servicesOf(of('HTTP'), 'http'));
    },
    /** Applies the Gateway with these routes, and waits until each listener answers. */
    open: async (routes: readonly KubeObject[]): Promise<void> => {
      await rig.apply([tls, gw, ...routes]);
      await programmed(rig, gw);
      await eventually(answers);
    },
    traffic: ({ isRight, perSecond, ...given }: ShopTrafficOptions): { stop(): Promise<ShopReport> } => {
      const connections = startConnectionTraffic({
        doors: doors(),
        ...given,
        perSecond,
        isRight: (answer, { kind }) => isRight(answer, kind),
      });
      const place = { ...placeOf(rig, ns), hostname, trusted };
      const requests =
        form === 'mixed'
          ? startTraffic({ ...place, perSecond, isRight: (answer) => isRight(answer, 'HTTP') })
          : undefined;
      return {
        stop: async () => {
          const [one, other] = await Promise.all([connections.stop(), requests?.stop()]);
          return {
            ...one,
            requests: other?.requests ?? 0,
            failures: [...one.failures, ...(other?.failures ?? [])],
            answers: new Map([...one.answers, ...(other?.answers ?? [])]),
          };
        },
      };
    },
  };
}

function checkForward(ns: string, words: string, backends: Backends): void {
  const wanted = Object.entries(backends).map(([name, weight]) => `${ns}/${name}:80=${weight}`);
  const found = words.replace(/^.*-> /, '').split(' ');
  if (found.toSorted().join() !== wanted.toSorted().join()) throw new Error(words);
}

export type NetworkShop = Awaited<ReturnType<typeof openNetworkShop>>;
