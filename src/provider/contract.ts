// What every provider keeps. Each runs this suite, on its real other side or on the nearest thing to it.

import { describe, expect, test } from 'vitest';
import type { GatewayInput } from '../gateway/input.ts';
import { derive } from './derive.ts';
import { claims } from './testing/claims.ts';
import { ports, route, services } from './testing/cluster.ts';
import { ignoreUnfinished, type Lab, openLab, type Rig } from './testing/lab.ts';

type MakeRig = () => Promise<Rig>;
/** A lab is closed after its case, if not before: two of them may share the other side. */
type Open = () => Promise<Lab>;

const cases = {
  'what is applied twice is written once': async (open) => {
    const { rig, start } = await open();
    const process = await start();
    await process.reconcile();
    expect(await rig.serving()).toEqual(new Set(ports));
    const before = rig.writes();
    await process.reconcile();
    expect(rig.writes()).toBe(before);
    await process.close();
    const next = await start();
    await next.reconcile();
    expect(rig.writes()).toBe(before);
  },

  'a process that stops after any write leaves nothing that the next one does not complete': async (open) => {
    const pictures: unknown[] = [];
    await afterEachWrite(open, async ({ rig, start }) => {
      await (await start()).reconcile();
      pictures.push(await rig.picture());
    });
    expect(pictures.length).toBeGreaterThan(3);
    for (const picture of pictures) expect(picture).toEqual(pictures.at(-1));
  },

  'everything can be removed from any state, and once more when it is gone': async (open) => {
    const empty = await open();
    const nothing = await empty.rig.picture();
    await empty.close();
    await afterEachWrite(open, async ({ rig, start }) => {
      const process = await start();
      await process.remove();
      expect(await rig.picture()).toEqual(nothing);
      const before = rig.writes();
      await process.remove();
      expect(rig.writes()).toBe(before);
    });
  },

  'nothing is said to serve before it serves': async (open) => {
    const { rig, start } = await open();
    const provisioned = await rig.provisionSlowly();
    const process = await start();
    const { standing } = await process.pass();
    expect(standing).toMatchObject({ ports: new Set(), complete: false });
    await provisioned();
    await process.reconcile();
    expect(await rig.serving()).toEqual(new Set(ports));
    expect((await process.pass()).standing).toMatchObject({ ports: new Set(ports), complete: true });
  },

  'a refusal on one port leaves the others': async (open) => {
    const { rig, start } = await open();
    rig.refuseOnePort();
    const process = await start();
    const { applied, standing } = await process.pass();
    expect(applied.found).not.toEqual([]);
    expect(standing.ports.size).toBe(ports.length - 1);
    expect(standing.ports).toEqual(await rig.serving());
    await process.reconcile();
    expect(await rig.serving()).toEqual(new Set(ports));
  },

  'endpoints change members, and nothing else': async (open) => {
    const { rig, cluster, start } = await open();
    const { cart, stock } = services;
    const process = await start();
    await process.reconcile();
    const [first = '', second = ''] = [...rig.members(cart), ...rig.members(stock)];
    await cluster.movePod('stock', first);
    await process.provider.endpoints(stock);
    expect(rig.members(stock)).toEqual([first]);
    await cluster.movePod('stock', second);
    await process.provider.endpoints(stock);
    const before = rig.writes();
    expect(await process.reconcile()).toBe(1);
    await process.provider.endpoints(cart);
    expect(rig.writes()).toBe(before);
  },

  'after the lease is lost no write begins': async (open) => {
    const { rig, start } = await open();
    let isLeader = true;
    const process = await start(() => isLeader);
    await process.provider.ready(process.input().gateway);
    isLeader = false;
    await process.pass().catch(ignoreUnfinished);
    await process.remove().catch(ignoreUnfinished);
    expect(rig.writes()).toBe(0);
  },

  'the same objects in another order give the same model': async (open) => {
    const { start } = await open();
    const { provider, input } = await start();
    await provider.ready(input().gateway);
    const { model } = await derive(provider, input());
    expect(model).toBeDefined();
    expect((await derive(provider, reversed(input()))).model).toEqual(model);
  },

  'what is claimed is expressed, and what is not claimed is a problem': async (open) => {
    const { start } = await open();
    const process = await start();
    await process.provider.ready(process.input().gateway);
    for (const { isMade, rule } of claims) {
      const { found, asked } = await process.derive([route('cart', 80, rule)]);
      const isExpressed = asked.found.length + found.length === 0;
      expect({ rule, isExpressed }).toEqual({ rule, isExpressed: isMade(process.provider) });
    }
  },
} as const satisfies Readonly<Record<string, (open: Open) => Promise<void>>>;

type Title = keyof typeof cases;

/** @param skips the cases that the provider does not keep, each with the reason */
export function describeProvider(name: string, makeRig: MakeRig, skips: Partial<Record<Title, string>> = {}): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- these are its keys
  const titles = Object.keys(cases) as readonly Title[];
  describe(`${name} as a provider`, () => {
    test.for(titles)('%s', async (title, { skip }) => {
      skip(skips[title] !== undefined, skips[title]);
      await using opened = new AsyncDisposableStack();
      const expectKept: (open: Open) => Promise<void> = cases[title];
      await expectKept(async () => {
        const lab = await openLab(makeRig);
        opened.defer(lab.close);
        return lab;
      });
    });
  });
}

/** Looks at what a process leaves that stops after the first write, after the second, and so on to the last. */
async function afterEachWrite(open: Open, look: (lab: Lab) => Promise<void>): Promise<void> {
  for (let count = 0, isLast = false; !isLast; count += 1) {
    const lab = await open();
    const process = await lab.start(() => lab.rig.writes() < count);
    await process.reconcile().catch(ignoreUnfinished);
    await process.close();
    isLast = lab.rig.writes() < count;
    await look(lab);
    await lab.close();
  }
}

function reversed(input: GatewayInput): GatewayInput {
  const { routes, services: served, endpointSlices, namespaces } = input;
  return {
    ...input,
    routes: routes.toReversed(),
    services: new Map([...served].toReversed()),
    endpointSlices: new Map([...endpointSlices].toReversed()),
    namespaces: new Map([...namespaces].toReversed()),
  };
}
