// npm run demo [-- --once]: Gatehouse on this machine, with nothing but it: a real API server, the embedded AWS, and the
// samples of deploy/samples become load balancers. Stays until Ctrl-C; with --once it removes the samples and ends.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { selfSigned } from './aws/acm/self-signed.ts';
import { awsTree, elbv2Client } from './aws-tree.ts';
import { applyYaml, deleteObjects, type KubeObject, parseManifest, waitFor } from './cluster/apply.ts';
import { type Environment, endpointSlice, startEnvironment } from './environment.ts';

const { values: flags } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
const samples = join(import.meta.dirname, '..', 'deploy', 'samples');
const namespace = 'gatehouse-samples';
const programmedTimeoutMs = 60_000;
const goneTimeoutMs = 60_000;

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());

const started = performance.now();
const say = (line: string): void =>
  console.log(line === '' ? '' : `[${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s] ${line}`);

interface GatewayObject extends KubeObject {
  readonly status?: {
    readonly addresses?: readonly { readonly value: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

async function main(): Promise<number> {
  say('Starting a Kubernetes API server and the embedded AWS …');
  const environment = await startEnvironment({ log: say, signal: interruption.signal });
  try {
    say(`Kubernetes is at ${environment.cluster.url}, AWS at ${environment.aws.url}.`);
    const gatehouse = await environment.startGatehouse();
    say(`Gatehouse runs from source (pid ${gatehouse.pid}, log ${gatehouse.logFile}).`);
    const objects = await applySamples(environment);
    say(`Applied deploy/samples; waiting until every Gateway is Programmed …`);
    await show(environment, await programmed(environment));
    if (flags.once) return (await removeSamples(environment, objects)) ? 0 : 1;
    explain(environment);
    await untilInterrupted();
    return 0;
  } finally {
    say('Ending everything that was started …');
    await environment.stop();
  }
}

/** The samples, and what a real cluster has beside them: endpoints of the Services, and the certificate's Secret. */
async function applySamples({ cluster }: Environment): Promise<readonly KubeObject[]> {
  const files = (await readdir(samples)).filter((file) => file.endsWith('.yaml')).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(samples, file), 'utf8')));
  const objects = texts.flatMap((text) => parseManifest(text));
  const services = objects.filter(({ kind }) => kind === 'Service');
  const slices = services.map(({ metadata }, index) => {
    const addresses = [1, 2].map((pod) => `10.0.${48 + 16 * (index % 3)}.${100 + 10 * index + pod}`);
    return endpointSlice(namespace, metadata.name, addresses, 8080, { portName: 'http' });
  });
  const all = [...objects, ...slices, await certificateSecret()];
  await applyYaml(cluster.admin, all);
  return all;
}

async function certificateSecret(): Promise<KubeObject> {
  const names = ['example.com', '*.example.com'];
  const { certificatePem, privateKey } = await selfSigned(names, 'RSA_2048', Date.now(), '01');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'example-com-cert', namespace },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificatePem, 'tls.key': privateKey.export({ type: 'pkcs8', format: 'pem' }) },
  };
}

interface GatewayList {
  readonly items: readonly GatewayObject[];
}

const gatewaysPath = '/apis/gateway.networking.k8s.io/v1/gateways';

const conditionOf = (gateway: GatewayObject, type: string) =>
  gateway.status?.conditions?.find((condition) => condition.type === type);

async function programmed({ cluster }: Environment): Promise<readonly GatewayObject[]> {
  const list = await waitFor<GatewayList>(
    cluster.admin,
    gatewaysPath,
    (found) => found?.items.every((gateway) => conditionOf(gateway, 'Programmed')?.status === 'True') ?? false,
    { timeoutMs: programmedTimeoutMs, signal: interruption.signal },
  );
  return list?.items ?? [];
}

async function show({ aws, seed }: Environment, gateways: readonly GatewayObject[]): Promise<void> {
  const elbv2 = elbv2Client(aws.url, seed.region);
  for (const gateway of gateways) {
    const address = gateway.status?.addresses?.[0]?.value ?? '';
    console.log('');
    say(`Gateway ${gateway.metadata.namespace}/${gateway.metadata.name} is Programmed at ${address}`);
    for (const line of await awsTree(elbv2, address)) console.log(`    ${line}`);
  }
  elbv2.destroy();
  console.log('');
}

async function removeSamples({ cluster, aws }: Environment, objects: readonly KubeObject[]): Promise<boolean> {
  // No controller manager runs here, and a namespace that is being deleted would wait for it for ever.
  const removed = objects.filter(({ kind }) => kind !== 'Namespace');
  say('Deleting the samples …');
  await deleteObjects(cluster.admin, removed);
  const paths = [gatewaysPath, '/apis/gateway.networking.k8s.io/v1/gatewayclasses'];
  for (const path of paths) {
    const options = { timeoutMs: goneTimeoutMs, signal: interruption.signal };
    await waitFor<GatewayList>(cluster.admin, path, (list) => list?.items.length === 0, options);
  }
  const left = leftInAws(aws.world());
  say(
    left.length === 0
      ? 'The Gateways are gone, and nothing of theirs is left in AWS.'
      : `LEFT IN AWS: ${left.join(', ')}`,
  );
  return left.length === 0;
}

/** Whatever is there that the seed did not make; looked up behind the wire, where no filter can hide a thing. */
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

function explain({ cluster, aws }: Environment): void {
  console.log(`Have a look around, in another terminal:

    export KUBECONFIG=${cluster.kubeconfig}
    kubectl get gateways,httproutes -A
    kubectl describe gateway -n ${namespace} main-gateway

    export AWS_ENDPOINT_URL=${aws.url} AWS_REGION=${aws.options.region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
    aws elbv2 describe-load-balancers
    curl ${aws.url}/_aws/calls

Ctrl-C ends everything.`);
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
