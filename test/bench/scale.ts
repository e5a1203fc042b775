// Many Gateways with AWS's documented throttling: how long they take compared with the best possible time, how soon AWS
// knows a new or removed pod, and the cost for the process.
import pLimit from 'p-limit';
import type { Aws } from '../../localstack/aws/server.ts';
import { applyYaml, type KubeObject, waitFor } from '../../localstack/cluster/apply.ts';
import type { Connection } from '../../localstack/cluster/connection.ts';
import type { Environment } from '../../localstack/environment.ts';
import type { Gatehouse } from '../../localstack/gatehouse.ts';
import { type BucketShare, sharesFrom } from './buckets.ts';
import { type Churn, churn } from './churn.ts';
import { measureEndpointChanges } from './endpoint-change.ts';
import { Pods } from './pods.ts';
import { Registered } from './registered.ts';
import { env } from './scenarios.ts';
import type { Spread } from './spread.ts';
import { type Usage, usageOf } from './usage.ts';
import {
  base,
  gateway,
  gatewaysPath,
  isTrue,
  type List,
  listPath,
  route,
  service,
  type WithConditions,
} from './workload.ts';

const routesPerGateway = 10;
const podsPerService = 10;

export interface ScaleOptions {
  readonly gateways: number;
  readonly changes: number;
  readonly minutes: number;
  readonly perSecond: number;
}

export interface Made {
  readonly gateways: number;
  readonly seconds: number;
  /** AWS's buckets, the slowest first. */
  readonly shares: readonly BucketShare[];
  readonly calls: number;
  readonly refused: number;
  readonly usage: Usage;
}

/** Single changes of an endpoint: milliseconds from the write to Kubernetes until AWS has the target. */
export interface Scaled {
  readonly made: Made;
  /** Changes on one Gateway, while the others are created. */
  readonly meanwhile: Spread;
  readonly alone: Spread;
  /** Changes in the Services of one Gateway. */
  readonly rollout: Churned;
  /** Changes in the whole cluster. */
  readonly everywhere: Churned;
}

export interface Churned extends Churn {
  readonly services: number;
  readonly calls: number;
  readonly refused: number;
  /** The time for one call of each kind for all the Services' target groups, at AWS's rate. */
  readonly roundSeconds: number;
  readonly before: Usage;
  readonly after: Usage;
}

/** Creates them in parallel, because only calls to AWS are counted. */
async function applyAll(admin: Connection, objects: readonly KubeObject[]): Promise<void> {
  const limit = pLimit(16);
  await Promise.all(objects.map((object) => limit(() => applyYaml(admin, [object]))));
}

/** The pause between lists, because lists of this many objects are expensive for the API server. */
const pollMs = 1000;
const timeoutMs = 3_600_000;

const isProgrammed = (it: WithConditions | undefined): boolean =>
  it?.status?.conditions?.some(isTrue('Programmed')) === true;
const isAccepted = (it: WithConditions): boolean =>
  it.status?.parents?.[0]?.conditions?.some(isTrue('Accepted')) === true;

const all = (count: number, is: (it: WithConditions) => boolean) => (list: List | undefined) =>
  list?.items.filter(is).length === count;

async function untilServing({ cluster }: Environment, gateways: number): Promise<void> {
  const options = { timeoutMs, pollMs };
  await waitFor<List>(cluster.admin, gatewaysPath, all(gateways, isProgrammed), options);
  await waitFor<List>(cluster.admin, listPath('httproutes'), all(gateways * routesPerGateway, isAccepted), options);
}

interface Shop {
  readonly environment: Environment;
  readonly gatehouse: Gatehouse;
  readonly pods: Pods;
}

async function open(environment: Environment, program: string, gateways: number): Promise<Shop> {
  const { admin } = environment.cluster;
  await applyYaml(admin, base('ip'));
  const pods = new Pods(admin, gateways, routesPerGateway, podsPerService);
  const indexes = Array.from({ length: gateways }, (_, index) => index);
  const services = indexes.flatMap((g) =>
    Array.from({ length: routesPerGateway }, (_, index) => service(g, index, 'ClusterIP')),
  );
  await applyAll(admin, services);
  const limit = pLimit(16);
  await Promise.all(pods.services.map((name) => limit(() => pods.write(name))));
  const gatehouse = await environment.startGatehouse({
    flags: { 'audit-period': '2h', 'aws-rate-factor': '1' },
    program,
    env,
  });
  return { environment, gatehouse, pods };
}

/** @param meanwhile ends when all are Programmed */
async function make<T>(
  shop: Shop,
  gateways: number,
  meanwhile: (isMade: () => boolean) => Promise<T>,
): Promise<readonly [Made, T]> {
  const { environment, gatehouse } = shop;
  const { aws, cluster } = environment;
  const indexes = Array.from({ length: gateways }, (_, index) => index);
  const routes = indexes.flatMap((g) => Array.from({ length: routesPerGateway }, (_, index) => route(g, index)));
  const shares = sharesFrom(aws);
  aws.calls.zero();
  const started = performance.now();
  await applyAll(cluster.admin, [...routes, ...indexes.map(gateway)]);
  let isMade = false;
  const serving = untilServing(environment, gateways).then(() => {
    isMade = true;
    return (performance.now() - started) / 1000;
  });
  const [seconds, measured] = await Promise.all([serving, meanwhile(() => isMade)]);
  if (process.env['BENCH_DETAIL'] !== undefined) console.log(aws.calls.counts().byAction, shares());
  return [{ gateways, seconds, ...tallied(shares, aws), usage: usageOf(gatehouse.pid) }, measured];
}

function tallied(shares: () => readonly BucketShare[], { calls }: Aws) {
  const used = shares();
  // Leave out the account's bucket, because it counts the refusals of the other buckets again.
  const refused = used
    .filter(({ bucket }) => !bucket.endsWith(' account'))
    .reduce((sum, each) => sum + each.refused, 0);
  return { shares: used, calls: calls.counts().total, refused };
}

/** Only creates the Gateways. */
export async function measureMade(environment: Environment, program: string, gateways: number): Promise<Made> {
  const [made] = await make(await open(environment, program, gateways), gateways, () => Promise.resolve());
  return made;
}

/** After the first Gateway is Programmed, changes its endpoints one after the other, until all other Gateways are. */
async function changeFirst({ environment, pods }: Shop, isMade: () => boolean): Promise<Spread> {
  const { admin } = environment.cluster;
  const path = `${gatewaysPath}/${gateway(0).metadata.name}`;
  await waitFor<WithConditions>(admin, path, (it) => isProgrammed(it), { timeoutMs });
  const services = pods.services.slice(0, routesPerGateway);
  return measureEndpointChanges(pods, new Registered(environment.aws), services, () => !isMade());
}

async function measureChurn(
  { environment: { aws }, gatehouse, pods }: Shop,
  services: readonly string[],
  given: { readonly perSecond: number; readonly seconds: number },
): Promise<Churned> {
  console.log(`  ${given.perSecond} pod changes a second in ${services.length} Services for ${given.seconds} s …`);
  const before = usageOf(gatehouse.pid);
  const shares = sharesFrom(aws);
  aws.calls.zero();
  const churned = await churn(pods, new Registered(aws), { ...given, services, podsPerService });
  const { calls, refused, shares: used } = tallied(shares, aws);
  const perSecond = used.find(({ bucket }) => bucket.endsWith(' registration'))?.perSecond ?? Number.NaN;
  const roundSeconds = (2 * services.length) / perSecond;
  const after = usageOf(gatehouse.pid);
  return { ...churned, services: services.length, calls, refused, roundSeconds, before, after };
}

/** Creates the Gateways, then changes their pods. */
export async function measureScale(
  environment: Environment,
  program: string,
  { gateways, changes, minutes, perSecond }: ScaleOptions,
): Promise<Scaled> {
  const shop = await open(environment, program, gateways);
  const { pods } = shop;
  const [made, meanwhile] = await make(shop, gateways, (isMade) => changeFirst(shop, isMade));
  console.log(`  all Programmed after ${made.seconds.toFixed(0)} s; ${changes} changes of one endpoint …`);
  const registered = new Registered(environment.aws);
  const alone = await measureEndpointChanges(pods, registered, pods.services, (done) => done < changes);
  const seconds = minutes * 60;
  const first = pods.services.slice(0, routesPerGateway);
  const rollout = await measureChurn(shop, first, { perSecond, seconds: seconds / 10 });
  const everywhere = await measureChurn(shop, pods.services, { perSecond, seconds });
  return { made, meanwhile, alone, rollout, everywhere };
}
