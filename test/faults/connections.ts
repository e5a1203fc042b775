// TCP connections, TLS connections and UDP sessions through an NLB, and HTTP requests through an ALB behind it, while Gatehouse
// changes what is behind them.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../integration/support/eventually.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { gateway } from '../integration/support/objects.ts';
import { programmed } from '../integration/support/status.ts';
import { patienceMs } from './awaiting.ts';
import { openConversation } from './conversation.ts';
import {
  type Form,
  type Kind,
  listenersOf,
  type NetworkShop,
  openNetworkShop,
  type ShopReport,
} from './network-shop.ts';
import { family, type Scenario } from './scenario.ts';
import { close, reachableOf, startServingRig } from './shop.ts';
import { allSeen, type Change, calmMs, oneOf, underTraffic } from './under-traffic.ts';

const perSecond = 60;

interface Act extends Change<ShopReport>, Pick<Parameters<NetworkShop['traffic']>[0], 'isRight' | 'doors'> {}

interface Play {
  readonly name: string;
  readonly what: string;
  readonly form?: Form;
  readonly set: (rig: Rig, shop: NetworkShop) => Promise<Act>;
}

const scenarioOf = ({ name, what, form, set }: Play): Scenario<Rig> => ({
  name,
  what,
  run: async (rig) => {
    const shop = await openNetworkShop(rig, name, form);
    const { isRight, doors, ...change } = await set(rig, shop);
    const { report, failures } = await underTraffic(
      shop.traffic({ perSecond, isRight, ...(doors && { doors }) }),
      change,
    );
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

const countOf = ({ opened, kept, exchanges, requests }: ShopReport): string =>
  `${requests > 0 ? `${number(requests)} requests; ` : ''}${number(opened)} connections and sessions, ${number(kept)} of them kept; ${number(exchanges)} exchanges`;

/** The scenarios of each form, by its name. */
const forms = {
  network: { prefix: 'connections', words: 'TCP, UDP and TLS' },
  mixed: { prefix: 'mixed', words: 'HTTP, HTTPS, TCP, UDP, TLS, and TCP and UDP on one port' },
} as const;

const rollingUpdate = (form: Form): Play => ({
  name: `${forms[form].prefix}-rolling-update`,
  what: `rolling update of Deployments of 3 pods behind ${forms[form].words}, 15 s of preStop`,
  form,
  set: async (_, shop) => {
    const app = await shop.deployAll('app');
    await shop.open(shop.routesTo(() => ({ app: 1 })));
    const all = [...shop.answersOf('app'), ...shop.answersOf('app', 'v2')];
    return { isRight: oneOf(...all), act: () => app.roll('v2'), judge: allSeen(...all) };
  },
});

const weights = (form: Form): Play => ({
  name: `${forms[form].prefix}-weights`,
  what: `weights of two backends of ${forms[form].words}: 90/10, 50/50, 0/100, 100/0, then one backend alone`,
  form,
  set: async (rig, shop) => {
    for (const each of ['stable', 'canary']) await shop.deployAll(each);
    const apply = async (weighted: Readonly<Record<string, number>>): Promise<void> => {
      // At once: between two steps, routes of TCP and UDP on one port would have different backends.
      await Promise.all(shop.routesTo(() => weighted).map((route) => rig.apply([route])));
      await eventually(() => shop.checkForwards(() => weighted), patienceMs);
      await sleep(calmMs);
    };
    await shop.open(shop.routesTo(() => ({ stable: 90, canary: 10 })));
    const all = [...shop.answersOf('stable'), ...shop.answersOf('canary')];
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
});

const kinds: readonly Kind[] = ['TCP', 'UDP', 'TLS'];

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
    const wider = gateway(shop.ns, 'gw', [...listenersOf('network', 'tls'), own]);
    await rig.apply([wider, shop.route('TCP', { failing: 1 }, 'failing')]);
    await programmed(rig, wider);
    const zones = () => reachableOf(rig, shop.ns).zones ?? [];
    const ask = async (): Promise<string> => {
      using conversation = await openConversation(shop.door('TCP', zones()[0]?.address ?? '', failingPort));
      return await conversation.ask();
    };
    await eventually(ask, patienceMs);
    return {
      isRight: (answer, kind) => answer === (kind === 'UDP' ? 'datagrams v1 8080' : 'lines v1 8080'),
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

export const connections = family(
  startServingRig,
  [rollingUpdate('network'), weights('network'), oneRouteFails, rollingUpdate('mixed'), weights('mixed')].map(
    scenarioOf,
  ),
);
