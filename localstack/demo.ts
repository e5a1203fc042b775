// npm run demo [-- --once]: runs Gatehouse on this machine, with a real API server and the embedded AWS. The samples of
// deploy/samples become load balancers that forward traffic. It runs until Ctrl-C; with --once it removes the samples and ends.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLoadBalancers } from '../src/cli/live-load-balancer.ts';
import { loadBalancerBranch } from '../src/cli/load-balancer-tree.ts';
import { drawn } from '../src/cli/tree.ts';
import { selfSigned } from './aws/acm/self-signed.ts';
import { ownBlocks } from './aws/dataplane/own-blocks.ts';
import type { Reachable } from './aws/dataplane/reachable.ts';
import { applyYaml, deleteObjects, type KubeObject, parseManifest, waitFor } from './cluster/apply.ts';
import { connectToSamples } from './demo-connections.ts';
import { type Pod, type PodCertificate, podsFor, type Running, slicesFor, startPods } from './demo-pods.ts';
import { fetchSamples, type Sample, samples as trafficSamples } from './demo-traffic.ts';
import { elbv2Client } from './elbv2-client.ts';
import { type Environment, startEnvironment } from './environment.ts';
import { findKubectl } from './kubectl.ts';
import { script } from './script.ts';

const flags = script('demo', 'Runs Gatehouse, a Kubernetes API server and an embedded AWS here, with deploy/samples.')
  .option('--once', 'remove the samples in the end, look whether AWS is empty, and end', false)
  .parse()
  .opts<{ readonly once: boolean }>();
const samples = ['aws', 'any-class'].map((folder) => join(import.meta.dirname, '..', 'deploy', 'samples', folder));
const namespace = 'gatehouse-samples';
const programmedTimeoutMs = 60_000;
const healthyTimeoutMs = 30_000;
const goneTimeoutMs = 60_000;

// Load balancers and pods have addresses of 127.0.0.0/8. Only root can use ports below 1024.
const blocks = ownBlocks(process.pid);
const podMapping = `10.0.0.0/16=${blocks.targets}`;
const portOffset = process.getuid?.() === 0 ? 0 : 10_000;

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());

const started = performance.now();
let lastLine = started;
const say = (line: string): void => {
  lastLine = performance.now();
  console.log(`[${((lastLine - started) / 1000).toFixed(1).padStart(5)} s] ${line}`);
};

/** Pause between two lines of progress. */
const quietMs = 4000;

/** Awaits the work, and prints its progress now and then. */
async function saying<T>(work: Promise<T>, howFar: () => string): Promise<T> {
  const timer = setInterval(() => {
    if (performance.now() - lastLine >= quietMs) say(`${howFar()} …`);
  }, 200);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

interface GatewayObject extends KubeObject {
  readonly status?: {
    readonly addresses?: readonly { readonly value: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

async function main(): Promise<number> {
  say('Starting a Kubernetes API server and the embedded AWS …');
  const starting = startEnvironment({
    log: say,
    signal: interruption.signal,
    aws: { port: 0, dataPlane: { addresses: blocks.addresses, portOffset, mapTargets: [podMapping] } },
  });
  const environment = await saying(starting, () => 'Still starting the API server');
  const pods: Running[] = [];
  try {
    say(`Kubernetes is at ${environment.cluster.url}, AWS at ${environment.aws.url}.`);
    const gatehouse = await saying(environment.startGatehouse(), () => 'Still starting Gatehouse');
    say(`Gatehouse runs from source (pid ${gatehouse.pid}).`);
    say(`Its log is ${gatehouse.logFile}, its metrics are at ${gatehouse.metricsUrl}.`);
    const sample = await readSamples();
    pods.push(...(await startPods(sample.pods, podMapping, sample.certificate)));
    await applyYaml(environment.cluster.admin, sample.objects);
    say(`Applied deploy/samples; waiting until every Gateway is Programmed …`);
    const gateways = await programmed(environment);
    await healthy(environment);
    await show(environment, gateways);
    const served = await visit(environment, gateways, sample.certificate.cert);
    if (flags.once) return (await removeSamples(environment, sample.objects)) && served ? 0 : 1;
    explain(environment, gateways, await findKubectl({ log: say, signal: interruption.signal }));
    await untilInterrupted();
    return 0;
  } finally {
    say('Ending everything that was started …');
    for (const pod of pods) pod.close();
    await environment.stop();
  }
}

interface Samples {
  readonly objects: readonly KubeObject[];
  readonly pods: readonly Pod[];
  readonly certificate: PodCertificate;
}

/** The samples, the endpoints of their Services, and the certificate's Secret. */
async function readSamples(): Promise<Samples> {
  const files = await Promise.all(
    samples.map(async (folder) => (await readdir(folder)).map((file) => join(folder, file)).toSorted()),
  );
  const texts = await Promise.all(files.flat().map((file) => readFile(file, 'utf8')));
  const objects = texts.flatMap((text) => parseManifest(text));
  const pods = podsFor(objects);
  const { certificatePem: cert, privateKey } = await selfSigned(
    ['example.com', '*.example.com'],
    'RSA_2048',
    Date.now(),
    '01',
  );
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    objects: [...objects, ...slicesFor(namespace, pods), certificateSecret(cert, key)],
    pods,
    certificate: { cert, key },
  };
}

const certificateSecret = (certificatePem: string, keyPem: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'example-com-cert', namespace },
  type: 'kubernetes.io/tls',
  stringData: { 'tls.crt': certificatePem, 'tls.key': keyPem },
});

interface GatewayList {
  readonly items: readonly GatewayObject[];
}

const gatewaysPath = '/apis/gateway.networking.k8s.io/v1/gateways';

const conditionOf = (gateway: GatewayObject, type: string) =>
  gateway.status?.conditions?.find((condition) => condition.type === type);

async function programmed({ cluster }: Environment): Promise<readonly GatewayObject[]> {
  const seen = new Set<string>();
  let all = 0;
  const areProgrammed = (list: GatewayList | undefined): boolean => {
    const gateways = list?.items ?? [];
    all = gateways.length;
    for (const gateway of gateways) {
      const { namespace: ns, name } = gateway.metadata;
      if (seen.has(name) || conditionOf(gateway, 'Programmed')?.status !== 'True') continue;
      seen.add(name);
      say(`Gateway ${ns}/${name} is Programmed.`);
    }
    return all > 0 && seen.size === all;
  };
  const options = { timeoutMs: programmedTimeoutMs, signal: interruption.signal };
  const list = await saying(
    waitFor<GatewayList>(cluster.admin, gatewaysPath, areProgrammed, options),
    () => `${seen.size} of ${all} Gateways are Programmed`,
  );
  return list?.items ?? [];
}

/** AWS checks targets as soon as rules refer to them. */
async function healthy({ aws }: Environment): Promise<void> {
  const deadline = performance.now() + healthyTimeoutMs;
  const states = () =>
    [...aws.world().elbv2.targetGroups.values()].flatMap(({ targets }) =>
      [...targets.values()].map(({ checked }) => checked?.State),
    );
  const healthyOnes = () => states().filter((state) => state === 'healthy');
  const waiting = async (): Promise<void> => {
    while (healthyOnes().length < states().length) {
      if (performance.now() > deadline) throw new Error('The targets did not become healthy');
      await sleep(100, undefined, { signal: interruption.signal });
    }
  };
  say(`Waiting until the load balancers find all ${states().length} targets healthy …`);
  await saying(waiting(), () => `${healthyOnes().length} of ${states().length} targets are healthy`);
}

/** The address of a Gateway's load balancer on this machine. */
function reachableOf({ aws }: Environment, gateways: readonly GatewayObject[], name: string): Reachable | undefined {
  const gateway = gateways.find(({ metadata }) => metadata.name === name);
  const address = gateway?.status?.addresses?.[0]?.value;
  return aws.reachable().find(({ dnsName }) => dnsName === address);
}

const indented = (line: string): void => console.log(`    ${line}`);

async function visit(environment: Environment, gateways: readonly GatewayObject[], ca: string): Promise<boolean> {
  say('Talking to the samples through the load balancers; the pods say who they are and which path they saw:');
  const reachable = (name: string) => reachableOf(environment, gateways, name);
  const fetching = { reachable, ca, signal: interruption.signal };
  const fetched = await fetchSamples(fetching, indented);
  const right = (await connectToSamples(fetching, indented)) && fetched;
  console.log('');
  if (!right) say('NOT EVERY ANSWER WAS RIGHT.');
  return right;
}

async function show({ aws, seed }: Environment, gateways: readonly GatewayObject[]): Promise<void> {
  const elbv2 = elbv2Client(aws.url, seed.region);
  const addressOf = ({ status }: GatewayObject): string => status?.addresses?.[0]?.value ?? '';
  const found = await readLoadBalancers({ elbv2 }, new Set(gateways.map(addressOf)));
  for (const gateway of gateways) {
    const address = addressOf(gateway);
    const loadBalancer = found.get(address);
    console.log('');
    say(`Gateway ${gateway.metadata.namespace}/${gateway.metadata.name} is Programmed at ${address}`);
    if (loadBalancer !== undefined)
      for (const line of drawn([loadBalancerBranch(loadBalancer)])) console.log(`    ${line}`);
  }
  elbv2.destroy();
  console.log('');
}

async function removeSamples({ cluster, aws }: Environment, objects: readonly KubeObject[]): Promise<boolean> {
  // No controller manager runs here, so a deleted namespace would stay forever.
  const removed = objects.filter(({ kind }) => kind !== 'Namespace');
  say('Deleting the samples …');
  await deleteObjects(cluster.admin, removed);
  const paths = [gatewaysPath, '/apis/gateway.networking.k8s.io/v1/gatewayclasses'];
  for (const path of paths) {
    const options = { timeoutMs: goneTimeoutMs, signal: interruption.signal };
    const gone = waitFor<GatewayList>(cluster.admin, path, (list) => list?.items.length === 0, options);
    await saying(gone, () => 'Their load balancers are being removed');
  }
  const left = leftInAws(aws.world());
  say(
    left.length === 0
      ? 'The Gateways are gone, and nothing of theirs is left in AWS.'
      : `LEFT IN AWS: ${left.join(', ')}`,
  );
  return left.length === 0;
}

/** Everything in AWS except the seed. It is read from the state directly, so that no filter hides anything. */
function leftInAws({ elbv2, acm, ec2 }: ReturnType<Environment['aws']['world']>): readonly string[] {
  const owned = [...ec2.securityGroups.values()].filter(({ tags }) => tags.has('gatehouse.dev/cluster'));
  const rules = [...ec2.securityGroupRules.values()].filter(({ tags }) => tags.has('gatehouse.dev/cluster'));
  return [
    ...elbv2.loadBalancers.keys(),
    ...elbv2.listeners.keys(),
    ...elbv2.targetGroups.keys(),
    ...acm.certificates.keys(),
    ...[...owned, ...rules].map(({ id }) => id),
  ];
}

function explain(environment: Environment, gateways: readonly GatewayObject[], kubectl: string): void {
  const { cluster, aws } = environment;
  const { region } = aws.options;
  console.log(`Have a look around, in another terminal:

    export KUBECONFIG=${cluster.kubeconfig}
    ${kubectl} get gateways,httproutes,grpcroutes,tcproutes,udproutes,tlsroutes -A
    ${kubectl} describe gateway -n ${namespace} main-gateway

    export AWS_ENDPOINT_URL=${aws.url} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
    export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}    # version 1 of the AWS CLI reads the second
    aws elbv2 describe-load-balancers --endpoint-url ${aws.url}
    curl ${aws.url}/_aws/calls

${trafficSamples.flatMap((sample) => curl(sample, reachableOf(environment, gateways, sample.gateway))).join('\n')}

Ctrl-C ends everything.`);
}

/** A curl command for a sample's URL at its load balancer. */
function curl({ url, headers = {} }: Sample, found: Reachable | undefined): readonly string[] {
  const { hostname, port, protocol } = new URL(url);
  const secure = protocol === 'https:';
  const listener = found?.listeners.find((each) => each.port === Number(port || (secure ? 443 : 80)));
  if (found === undefined || listener === undefined) return [];
  const given = Object.entries(headers).map(([name, value]) => ` -H '${name}: ${value}'`);
  const options = `-i${secure ? 'k' : ''}${given.join('')} --connect-to ${hostname}::${found.address}:${listener.socketPort}`;
  return [`    curl ${options} '${url}'`];
}

function untilInterrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (interruption.signal.aborted) resolve();
  interruption.signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!interruption.signal.aborted) console.error(error);
  process.exitCode = interruption.signal.aborted ? 130 : 1;
}
