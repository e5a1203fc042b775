// TCP connections, TLS connections and UDP sessions through an NLB, while Gatehouse changes what is behind it.
import { setTimeout as sleep } from 'node:timers/promises';
import { otherwiseOf } from '../integration/support/aws.ts';
import { eventually } from '../integration/support/eventually.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { gateway } from '../integration/support/objects.ts';
import { programmed } from '../integration/support/status.ts';
import { patienceMs } from './awaiting.ts';
import type { ConnectionReport, ConnectionTrafficOptions } from './connection-traffic.ts';
import { type Door, openConversation } from './conversation.ts';
import { type Kind, listenersOf, type NetworkShop, openNetworkShop, ports } from './network-shop.ts';
import { family, type Scenario } from './scenario.ts';
import { close, reachableOf, startServingRig } from './shop.ts';
import { allSeen, type Change, calmMs, oneOf, underTraffic } from './under-traffic.ts';

const perSecond = 60;
const kinds: readonly Kind[] = ['TCP', 'UDP', 'TLS'];

interface Act extends Change<ConnectionReport>, Pick<ConnectionTrafficOptions, 'isRight'> {
  readonly doors?: readonly Door[];
}

interface Play {
  readonly name: string;
  readonly what: string;
  readonly set: (rig: Rig, shop: NetworkShop) => Promise<Act>;
}

const scenarioOf = ({ name, what, set }: Play): Scenario<Rig> => ({
  name,
  what,
  run: async (rig) => {
    const shop = await openNetworkShop(rig, name);
    const { isRight, doors = shop.doors(), ...change } = await set(rig, shop);
    const { report, failures } = await underTraffic(shop.traffic({ perSecond, isRight, doors }), change);
    return {
      count: countOf(report),
      failures,
      duplicates: [],
      leaks: await close(rig, shop),
      notes: [
        [...report.answers].map(([answer, count]) => `${count} × ${answer}`).join(', '),
        ...(change.notes?.() ?? []),
      ],
    };
  },
});

const number = (count: number): string => count.toLocaleString('en');

const countOf = ({ opened, kept, exchanges }: ConnectionReport): string =>
  `${number(opened)} connections and sessions, ${number(kept)} of them kept; ${number(exchanges)} exchanges`;

const rollingUpdate: Play = {
  name: 'connections-rolling-update',
  what: 'rolling update of 3 pods behind TCP and TLS, and of 3 behind UDP, 15 s of preStop',
  set: async (_, shop) => {
    const lines = await shop.deploy('lines', 'lines');
    const datagrams = await shop.deploy('datagrams', 'datagrams');
    await shop.open([
      shop.route('TCP', { lines: 1 }),
      shop.route('UDP', { datagrams: 1 }),
      shop.route('TLS', { lines: 1 }),
    ]);
    const all = ['lines v1 8080', 'lines v2 8080', 'datagrams v1 8080', 'datagrams v2 8080'];
    return {
      isRight: oneOf(...all),
      act: async () => {
        await Promise.all([lines.roll('v2'), datagrams.roll('v2')]);
      },
      judge: allSeen(...all),
    };
  },
};

type Weighted = Readonly<Record<string, number>>;

/** UDP has Services of its own. */
const backends = (kind: Kind, weighted: Weighted): Weighted =>
  Object.fromEntries(Object.entries(weighted).map(([name, weight]) => [kind === 'UDP' ? `${name}-udp` : name, weight]));

const weights: Play = {
  name: 'connections-weights',
  what: 'weights of two backends of TCP, UDP and TLS: 90/10, 50/50, 0/100, 100/0, then one backend alone',
  set: async (rig, shop) => {
    for (const each of ['stable', 'canary']) {
      await shop.deploy(each, 'lines');
      await shop.deploy(`${each}-udp`, 'datagrams');
    }
    const routes = (weighted: Weighted) => kinds.map((kind) => shop.route(kind, backends(kind, weighted)));
    const apply = async (weighted: Weighted): Promise<void> => {
      await rig.apply(routes(weighted));
      for (const kind of kinds) {
        const wanted = Object.entries(backends(kind, weighted)).map(
          ([name, weight]) => `${shop.ns}/${name}:80=${weight}`,
        );
        await eventually(() => {
          const action = otherwiseOf(rig, `${shop.ns}/gw`, ports[kind]);
          if (action.replace(/^ -> /, '').split(' ').toSorted().join() !== wanted.toSorted().join())
            throw new Error(`${kind}: ${action}`);
        }, patienceMs);
      }
      await sleep(calmMs);
    };
    await shop.open(routes({ stable: 90, canary: 10 }));
    const all = ['stable', 'canary', 'stable-udp', 'canary-udp'].map((name) => `${name} v1 8080`);
    return {
      isRight: oneOf(...all),
      act: async () => {
        await apply({ stable: 50, canary: 50 });
        await apply({ stable: 0, canary: 100 });
        await apply({ stable: 100, canary: 0 });
        await apply({ canary: 1 });
      },
      judge: allSeen(...all),
    };
  },
};

/** The failing route has a listener of its own. */
const failingPort = 6000;

const oneRouteFails: Play = {
  name: 'connections-one-route-fails',
  what: 'all targets of one route fail; clients of the others use the name, and the address of each zone',
  set: async (rig, shop) => {
    await shop.deploy('lines', 'lines');
    await shop.deploy('datagrams', 'datagrams');
    const failing = await shop.deploy('failing', 'lines');
    await shop.open([
      shop.route('TCP', { lines: 1 }),
      shop.route('UDP', { datagrams: 1 }),
      shop.route('TLS', { lines: 1 }),
    ]);
    const own = { name: 'failing', protocol: 'TCP', port: failingPort };
    const wider = gateway(shop.ns, 'gw', [...listenersOf('tls'), own]);
    await rig.apply([wider, shop.route('TCP', { failing: 1 }, 'failing')]);
    await programmed(rig, wider);
    const zones = () => reachableOf(rig, shop.ns).zones ?? [];
    const ask = async (): Promise<string> => {
      using conversation = await openConversation(shop.door('TCP', zones()[0]?.address ?? '', failingPort));
      return await conversation.ask();
    };
    await eventually(ask, patienceMs);
    return {
      isRight: (answer, { kind }) => answer === (kind === 'UDP' ? 'datagrams v1 8080' : 'lines v1 8080'),
      doors: kinds.flatMap((kind) => [shop.namedDoor(kind), ...zones().map(({ address }) => shop.door(kind, address))]),
      act: async () => {
        failing.fail();
        await eventually(async () => {
          const group = failingGroup(rig);
          if (![...group.targets.values()].every(({ checked }) => checked?.State === 'unhealthy'))
            throw new Error('AWS has not noticed yet');
        }, patienceMs);
        // Wait longer than DNS would need to remove an address.
        await sleep(2 * calmMs);
        const away = zones().filter(({ healthy }) => !healthy);
        if (away.length > 0) throw new Error(`not in DNS any more: ${away.map(({ zone }) => zone).join(' ')}`);
        const answer = await ask().catch(() => undefined);
        if (answer !== undefined) throw new Error(`The failing route still answers ${answer}`);
      },
      judge: () => [],
    };
  },
};

function failingGroup(rig: Rig) {
  const found = [...rig.aws.world().elbv2.targetGroups.values()].find(({ tags }) =>
    tags.get('gatehouse.dev/resource')?.includes('/failing/'),
  );
  if (found === undefined) throw new Error('Expected the target group of the failing route');
  return found;
}

export const connections = family(startServingRig, [rollingUpdate, weights, oneRouteFails].map(scenarioOf));
