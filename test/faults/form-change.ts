// A Gateway with an ALB gets an NLB in front of it, and then loses listeners again. Clients use the old address and the new one.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener } from '../../src/api/gateway-api.ts';
import { awsOf } from '../integration/support/aws.ts';
import { askHttp } from '../integration/support/connections.ts';
import { eventually } from '../integration/support/eventually.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { gateway, http, httpRoute, https } from '../integration/support/objects.ts';
import { programmed, readGateway } from '../integration/support/status.ts';
import { patienceMs } from './awaiting.ts';
import { openConversation } from './conversation.ts';
import { listenersOf, type NetworkShop, openNetworkShop, ports } from './network-shop.ts';
import { type Findings, family } from './scenario.ts';
import { close, portOffset, startServingRig } from './shop.ts';
import { startTraffic } from './traffic.ts';
import { calmMs, oneOf } from './under-traffic.ts';

const perSecond = 40;
const handoverSeconds = 40;

const web = [http(), https(['tls'])];
const network = listenersOf('network', 'tls');
const kinds = ['TCP', 'UDP', 'TLS'] as const;
const httpPort = 80 + portOffset;

/** The load balancer of this type. */
function loadBalancerOf(rig: Rig, ns: string, type: 'application' | 'network') {
  const made = awsOf(rig, `${ns}/gw`).loadBalancers.find((each) => each.type === type);
  const address = rig.aws.reachable().find(({ arn }) => arn === made?.arn)?.address;
  if (made === undefined || address === undefined) throw new Error(`Expected a load balancer of type ${type}`);
  return { arn: made.arn, dnsName: made.dnsName, address };
}

/** Clients, whose failures and amounts are added up. */
function clientsOf({ trusted, door, traffic }: NetworkShop) {
  const failures: string[] = [];
  const counts = { requests: 0, opened: 0, exchanges: 0 };
  return {
    failures,
    counts,
    /** HTTP and HTTPS. @returns how to stop them */
    ask: (address: string) => {
      const isRight = oneOf('web v1 8080');
      const place = { address, httpPort, httpsPort: 443 + portOffset };
      const clients = startTraffic({ ...place, hostname: 'shop.example.com', trusted, perSecond, isRight });
      return async (): Promise<void> => {
        const report = await clients.stop();
        counts.requests += report.requests;
        failures.push(...report.failures.map((failure) => `${address}: ${failure}`));
      };
    },
    /** TCP, UDP and TLS. @returns how to stop them */
    connect: (address: string) => {
      const isRight = oneOf('lines v1 8080', 'datagrams v1 8080');
      const doors = kinds.map((kind) => door(kind, address));
      const clients = traffic({ doors, perSecond, isRight });
      return async (): Promise<void> => {
        const report = await clients.stop();
        counts.opened += report.opened;
        counts.exchanges += report.exchanges;
        failures.push(...report.failures);
      };
    },
  };
}

/** Waits until TCP, UDP and TLS answer there. */
const untilAnswered = ({ door }: NetworkShop, address: string): Promise<void> =>
  eventually(async () => {
    for (const kind of kinds) {
      using conversation = await openConversation(door(kind, address));
      await conversation.ask();
    }
  }, patienceMs);

async function changeForm(rig: Rig): Promise<Findings> {
  const shop = await openNetworkShop(rig, 'form');
  const { ns, route } = shop;
  await shop.deploy('web', 'http');
  await shop.deploy('lines', 'lines');
  await shop.deploy('datagrams', 'datagrams');
  const routes = [route('TCP', { lines: 1 }), route('UDP', { datagrams: 1 }), route('TLS', { lines: 1 })];
  const apply = (listeners: readonly Listener[]) => rig.apply([gateway(ns, 'gw', listeners)]);
  await rig.apply([shop.tls, httpRoute(ns, 'web', ['gw'], ['web']), ...routes]);
  await apply(web);
  await programmed(rig, shop.gw);
  const alb = loadBalancerOf(rig, ns, 'application');
  await eventually(() => askHttp(alb.address, httpPort));
  const { failures, counts, ask, connect } = clientsOf(shop);
  const stopOld = ask(alb.address);
  await sleep(calmMs);

  await apply([...web, ...network]);
  await eventually(async () => {
    const addresses = (await readGateway(rig, ns, 'gw'))?.status?.addresses;
    if (addresses?.[0]?.value === alb.dnsName) throw new Error('The address is still the old one');
  }, patienceMs);
  const changed = performance.now();
  const nlb = loadBalancerOf(rig, ns, 'network');
  const stopNew = ask(nlb.address);
  const stopConnections = connect(nlb.address);
  await rig.restart({ signal: 'SIGKILL' });
  await sleep(Math.max(0, (handoverSeconds - 3) * 1000 - (performance.now() - changed)));
  await stopOld();
  await eventually(async () => {
    const answer = await askHttp(alb.address, httpPort).catch(() => undefined);
    if (answer !== undefined) throw new Error('The ALB is still open');
  }, patienceMs);
  await stopConnections();

  // Back to HTTP: the address stays.
  await apply(web);
  await eventually(() => {
    const left = awsOf(rig, `${ns}/gw`).listeners.map(({ listener }) => listener.port);
    if (left.includes(ports.TCP)) throw new Error(`There are still ${left.join()}`);
  }, patienceMs);
  await sleep(calmMs);

  // To TCP, UDP and TLS without HTTP: the address stays, too.
  await apply([...web, ...network]);
  await untilAnswered(shop, nlb.address);
  await stopNew();
  const stopLast = connect(nlb.address);
  await apply(network);
  await eventually(() => {
    const { listeners } = awsOf(rig, `${ns}/gw`);
    const left = listeners.filter(({ listener }) => listener.loadBalancerArn === nlb.arn && listener.port === 80);
    if (left.length > 0) throw new Error('The NLB still has a listener for HTTP');
  }, patienceMs);
  await sleep(calmMs);
  await stopLast();
  const { requests, opened, exchanges } = counts;
  return {
    count: `${requests} requests; ${opened} connections and sessions with ${exchanges} exchanges`,
    failures,
    duplicates: [],
    leaks: await close(rig, shop),
  };
}

export const formChange = family(
  (options) => startServingRig(options, {}, { gatehouse: { flags: { 'handover-period': `${handoverSeconds}s` } } }),
  [
    {
      name: 'connections-form-change',
      what: 'an HTTPS Gateway gets TCP, UDP and TLS, kill -9; it loses them, gets them again, and loses HTTPS',
      run: changeForm,
    },
  ],
);
