// One tenant that changes all of its routes without end, beside others: queue, turns, diff, execution and AWS's documented rates
// together, in simulated time.

import { beforeEach, expect, test } from 'vitest';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import { WorkQueue } from '../kube/queue.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { silentLogger } from '../kube/testing/silent-logger.ts';
import { runWorkers, type WhenWanted } from '../kube/workers.ts';
import { diff } from './diff/diff.ts';
import type { Plan, Step } from './diff/step.ts';
import { converge, id, modelOf } from './diff/testing/resources.ts';
import { SimulatedAws } from './diff/testing/simulated-aws.ts';
import { toAwsError } from './errors.ts';
import { executePlan } from './execute/execute.ts';
import type { ExecuteContext } from './execute/run.ts';
import { Limits } from './limits.ts';
import { gatewayOwner } from './model/owner.ts';
import type { Model, ResourceId, RuleResource } from './model/resources.ts';
import { inTurn } from './recall.ts';

const latencyMs = 30;
/** Gather, translate, model and report. */
const passMs = 150;
const busyRoutes = 60;

type Conditions = RuleResource['spec']['conditions'];

const rule = (namespace: string, name: string, conditions: Conditions): RuleResource => ({
  kind: 'rule',
  id: id(`rule/internal/80/${namespace}/${name}/0/0`),
  listener: id('listener/internal/80'),
  spec: {
    conditions,
    action: { kind: 'fixed-response', statusCode: '200', contentType: 'text/plain', body: name },
    transforms: [],
  },
  sources: [],
  tags: {},
});

const path = (value: string): Conditions => [{ field: 'path-pattern', values: [value] }];
const host = (value: string): Conditions => [{ field: 'host-header', regexValues: [`^(?i:${value})(:[0-9]+)?$`] }];
/** Which requests have it can't be told from hosts and paths: it may meet any rule. */
const header = (value: string): Conditions => [{ field: 'http-header', name: 'x-version', values: [value] }];

/** The calls that a step makes; nothing but rules changes here. */
const callsOf = ({ kind }: Step): readonly string[] => (kind === 'change' ? ['ModifyRule', 'AddTags'] : ['ModifyRule']);

class Simulation {
  readonly clock = new FakeClock();
  readonly limits = new Limits(this.clock, 1);
  readonly queue = new WorkQueue<ObjectKey>({ clock: this.clock, groupOf: (key) => key.split('/')[0] ?? '' });
  readonly stop = new AbortController();
  readonly clouds = new Map<ObjectKey, SimulatedAws>();
  readonly rules = new Map<ObjectKey, Map<ResourceId, RuleResource>>();
  readonly #behind = new Map<ObjectKey, ReadonlySet<string>>();
  workers: Promise<void> = Promise.resolve();

  open(gateway: ObjectKey, rules: readonly RuleResource[]): void {
    this.rules.set(gateway, new Map(rules.map((each) => [each.id, each])));
    const aws = new SimulatedAws(gateway);
    this.clouds.set(gateway, aws);
    converge(aws, this.#model(gateway));
  }

  start(): void {
    this.workers = runWorkers(
      this.queue,
      4,
      (gateway, _, whenWanted) => this.#pass(gateway, whenWanted),
      this.stop.signal,
      silentLogger,
    );
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.clock.advance(60_000);
    await this.workers;
  }

  write(gateway: ObjectKey, changed: RuleResource): void {
    this.rules.get(gateway)?.set(changed.id, changed);
    this.queue.addAfter(gateway, 100);
  }

  /** Whether some rule is as this one says, whatever its tags. */
  has(gateway: ObjectKey, { spec }: RuleResource): boolean {
    return [...(this.clouds.get(gateway)?.entries.values() ?? [])].some((entry) => entry.spec === spec);
  }

  #model(gateway: ObjectKey): Model {
    const { resources } = modelOf({ listeners: { 80: [] } });
    return { gateway, resources: [...resources, ...(this.rules.get(gateway)?.values() ?? [])] };
  }

  async #pass(gateway: ObjectKey, whenWanted: WhenWanted) {
    const aws = this.clouds.get(gateway);
    if (aws === undefined) return undefined;
    const plan = diff(this.#model(gateway), aws.observe(), { behind: this.#behind.get(gateway) ?? new Set() });
    const outcome = await inTurn(this.clock, whenWanted, (recall) => this.#execute(plan, aws, recall));
    await this.clock.sleep(passMs);
    this.#behind.set(gateway, new Set(outcome.behind));
    return outcome.behind.length > 0 ? { goesOn: true } : undefined;
  }

  #execute(plan: Plan, aws: SimulatedAws, recall: AbortSignal) {
    const made = new Map<ResourceId, string>();
    const perform = async (_: unknown, step: Step) => {
      for (const [index, call] of callsOf(step).entries()) {
        await this.limits.take('elasticloadbalancing', call).catch((error: unknown) => {
          throw toAwsError(error, call);
        });
        await this.clock.sleep(latencyMs);
        if (index === 0) aws.run(step, plan, made);
      }
      return { kind: 'done' } as const;
    };
    // What carries out the steps is simulated: of the context only this is used.
    const context = { owner: gatewayOwner(aws.gateway), logger: silentLogger, signal: this.stop.signal, recall };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest is for real steps
    return executePlan(plan, context as unknown as ExecuteContext, perform);
  }
}

const shared = objectKey({ namespace: 'infra', name: 'shared' });
const elsewhere = objectKey({ namespace: 'other', name: 'gw' });

let sim: Simulation;
beforeEach(() => {
  sim = new Simulation();
});

const quantile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN;

/** A change every 1 to 3 s. @returns how long each took until AWS had it, in milliseconds */
async function quiet(
  gateway: ObjectKey,
  change: (n: number) => RuleResource,
  seconds: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let n = 1; sim.clock.monotonic() < seconds * 1000; n += 1) {
    await sim.clock.sleep(1000 + ((n * 377) % 2000));
    const started = sim.clock.monotonic();
    const changed = change(n);
    sim.write(gateway, changed);
    while (!sim.has(gateway, changed)) await sim.clock.sleep(10);
    times.push(sim.clock.monotonic() - started);
  }
  return times;
}

async function busy(change: (route: number, n: number) => RuleResource, seconds: number): Promise<void> {
  for (let n = 0; sim.clock.monotonic() < seconds * 1000; n += 1) {
    sim.write(shared, change(n % busyRoutes, n));
    await sim.clock.sleep(20);
  }
}

const seconds = 120;

async function play(busyRule: (route: number, n: number) => RuleResource, quietRule: (n: number) => RuleResource) {
  const routes = Array.from({ length: busyRoutes }, (_, route) => busyRule(route, -1));
  const other = (n: number) => rule('other', 'web', path(`/other/v${n}`));
  sim.open(shared, [...routes, quietRule(0)]);
  sim.open(elsewhere, [other(0)]);
  sim.start();
  const here = quiet(shared, quietRule, seconds);
  const there = quiet(elsewhere, other, seconds);
  const noise = busy(busyRule, seconds);
  await sim.clock.advance((seconds + 60) * 1000);
  await noise;
  const last = [...(sim.rules.get(shared)?.values() ?? [])];
  const converged = last.every((each) => sim.has(shared, each));
  const count = [...(sim.clouds.get(shared)?.entries.values() ?? [])].filter(
    ({ owned }) => owned.kind === 'rule',
  ).length;
  const [same, another] = [await here, await there];
  await sim.end();
  return { same, another, converged, left: count - last.length };
}

const quietPath = (n: number) => rule('quiet', 'web', path(`/quiet/v${n}`));

const cases = [
  [
    'have hostnames of their own',
    (route: number, n: number) => rule('busy', `r${route}`, host(`h${route}v${n}\\.busy\\.org`)),
    quietPath,
  ],
  [
    'may match any request',
    (route: number, n: number) => rule('busy', `r${route}`, header(`${route}.${n}`)),
    quietPath,
  ],
  [
    'come before a new rule of the other tenant each time',
    (route: number, n: number) => rule('busy', `r${route}`, header(`${route}.${n}`)),
    (n: number) => rule('quiet', `web-${n % 20}`, path(`/quiet/v${n}`)),
  ],
] as const;

test.each(cases)(
  '60 routes that change 50 times a second, and %s, hold up no other tenant',
  async (_, busyRule, quietRule) => {
    const { same, another, converged, left } = await play(busyRule, quietRule);
    expect(quantile(same, 0.95)).toBeLessThanOrEqual(2000);
    expect(quantile(another, 0.95)).toBeLessThanOrEqual(1000);
    expect({ converged, left }).toEqual({ converged: true, left: 0 });
  },
);

test('one tenant with more busy Gateways than there are workers delays no other Gateway', async () => {
  const gateways = Array.from({ length: 6 }, (_, index) => objectKey({ namespace: 'busy', name: `gw-${index}` }));
  const busyRule = (route: number, n: number) => rule('busy', `r${route}`, path(`/${route}/v${n}`));
  for (const gateway of gateways) {
    sim.open(
      gateway,
      Array.from({ length: 20 }, (_, route) => busyRule(route, -1)),
    );
  }
  const other = (n: number) => rule('other', 'web', path(`/other/v${n}`));
  sim.open(elsewhere, [other(0)]);
  sim.start();
  const there = quiet(elsewhere, other, 60);
  const noise = gateways.map(async (gateway) => {
    for (let n = 0; sim.clock.monotonic() < 60_000; n += 1) {
      sim.write(gateway, busyRule(n % 20, n));
      await sim.clock.sleep(50);
    }
  });
  await sim.clock.advance(90_000);
  await Promise.all(noise);
  expect(quantile(await there, 0.95)).toBeLessThanOrEqual(1000);
  await sim.end();
});
