// A poisoned route among 1,000 good routes of one listener. The good ones serve, and change.
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteObjects, get } from '../../localstack/cluster/apply.ts';
import type { HttpRoute } from '../../src/api/gateway-api.ts';
import type { Condition } from '../../src/kube/object.ts';
import { eventually } from '../integration/support/eventually.ts';
import { httpRoute } from '../integration/support/objects.ts';
import { routePath } from '../integration/support/status.ts';
import { patienceMs } from './awaiting.ts';
import { createAll } from './large-objects.ts';
import type { Door } from './metallb-clients.ts';
import { isEcho, type MetallbShop, openMetallbShop, shopTraffic } from './metallb-shop.ts';
import type { MetallbStage } from './metallb-stage.ts';
import { describeLatencies, measureChanges, slower, type Tenant } from './neighbour.ts';
import { describeTraffic } from './paced-traffic.ts';
import type { Scenario } from './scenario.ts';

const goodRoutes = 1000;
const perSecond = 100;
/** Changes of good routes while each poison is there. */
const changesEach = 5;
/** The limit for 95 of 100 changes of good routes, in milliseconds. */
const changeMs = 5000;
/** The average pause between two changes, in milliseconds. */
const pauseMs = 100;
/** Long enough for a status to be written. In milliseconds. */
const tellMs = 2000;

/** A rule that is wrong, by the reason. */
const poisons: Readonly<Record<string, object>> = {
  'a regular expression that is none': { matches: [{ path: { type: 'RegularExpression', value: '/[' } }] },
  'a class that only newer Unicode has': { matches: [{ path: { type: 'RegularExpression', value: '/\\p{Garay}' } }] },
  'a character that is no byte': {
    matches: [{ headers: [{ type: 'RegularExpression', name: 'x', value: '\\x{100}' }] }],
  },
  'an expression that grows': { matches: [{ path: { type: 'RegularExpression', value: '/((a{99}){99}){9}' } }] },
  'a header that belongs to the connection': {
    filters: [
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'Transfer-Encoding', value: 'x' }] } },
    ],
  },
  'a header with a line break': {
    filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'x', value: 'a\nb: c' }] } }],
  },
};

const goodRule = (n: number) => ({
  matches: [{ path: { type: 'PathPrefix', value: `/v${n}` } }],
  backendRefs: [{ name: 'web', port: 80 }],
});

const hostOf = (index: number): string => `r${index}.example.com`;

const routeOf = (n: number): number => (n * 37) % goodRoutes;

/** Each change is of another good route, and is there when a client gets an answer. */
function goodTenant({ admin }: MetallbStage, ns: string, { client, address }: Door): Tenant {
  return {
    change: (n) =>
      admin.request('PATCH', routePath(ns, `r${routeOf(n)}`), {
        contentType: 'application/merge-patch+json',
        body: { spec: { rules: [goodRule(n)] } },
      }),
    isThere: async (n) => {
      const response = await client.fetch(`http://${hostOf(routeOf(n))}/v${n}`, { address });
      await response.text();
      return response.status === 200;
    },
  };
}

const said = (conditions: readonly Condition[]): string =>
  conditions.map(({ type, status, message }) => `${type}=${status}: ${message}`).join('; ');

/** Poisons the Gateway in each way, and calls `meanwhile` while the poison is there. @returns what is wrong */
async function poisonAll(
  { admin }: MetallbStage,
  shop: MetallbShop,
  meanwhile: (what: string) => Promise<void>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const [what, rule] of Object.entries(poisons)) {
    const rules = [{ backendRefs: [{ name: 'web', port: 80 }], ...rule }];
    const route = httpRoute(shop.ns, 'poison', ['gw'], rules, { hostnames: ['poison.example.com'] });
    await createAll(admin, shop.ns, 'httproutes', [route]);
    await sleep(tellMs);
    await meanwhile(what);
    const found = await get<HttpRoute>(admin, routePath(shop.ns, 'poison'));
    const words = said(found?.status?.parents?.flatMap((parent) => parent.conditions ?? []) ?? []);
    if (!/(Accepted=False|PartiallyInvalid=True)/.test(words)) failures.push(`${what}: the route says ${words}`);
    await deleteObjects(admin, [route]);
  }
  return failures;
}

async function goodOnes(stage: MetallbStage, shop: MetallbShop, door: Door) {
  const routes = Array.from({ length: goodRoutes }, (_, index) =>
    httpRoute(shop.ns, `r${index}`, ['gw'], [goodRule(0)], { hostnames: [hostOf(index)] }),
  );
  const made = await createAll(stage.admin, shop.ns, 'httproutes', routes);
  await eventually(async () => {
    const host = hostOf(goodRoutes - 1);
    const response = await stage.client.fetch(`http://${host}/v0`, { address: door.address });
    await response.text();
    if (response.status !== 200) throw new Error(`${host} answers ${response.status}`);
  }, patienceMs);
  return made;
}

const poisoned: Scenario<MetallbStage> = {
  name: 'metallb-poisoned-route',
  what: `${Object.keys(poisons).length} poisoned routes among ${goodRoutes} good routes`,
  run: async (stage, { say }) => {
    const shop = await openMetallbShop(stage, 'poison');
    const door = await shop.open();
    const made = await goodOnes(stage, shop, door);
    say(`  ${goodRoutes} routes serve`);
    const tenant = goodTenant(stage, shop.ns, door);
    const traffic = shopTraffic(door, { perSecond, isRight: isEcho });
    const notes: string[] = [];
    const slow: string[] = [];
    let changed = 0;
    const change = async (what: string): Promise<void> => {
      const before = changed;
      const shifted: Tenant = {
        change: (n) => tenant.change(before + n),
        isThere: (n) => tenant.isThere(before + n),
      };
      const measured = await measureChanges(shifted, pauseMs, () => changed++ < before + changesEach);
      changed = before + changesEach;
      notes.push(describeLatencies(`with ${what}`, measured));
      slow.push(...slower(`with ${what}`, measured, changeMs));
    };
    await change('good routes only');
    const wrong = await poisonAll(stage, shop, change);
    const report = await traffic.stop();
    await made.remove();
    const count = `${goodRoutes} routes, ${Object.keys(poisons).length} poisons, ${changed} changes, ${report.requests} requests`;
    return {
      count,
      failures: [...slow, ...wrong, ...report.failures],
      duplicates: [],
      leaks: await shop.close(),
      notes: [...notes, describeTraffic({ ...report, answers: new Map() })],
    };
  },
};

export const metallbPoison = [poisoned];
