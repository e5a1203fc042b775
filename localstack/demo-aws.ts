// The demo on AWS: the samples become load balancers of the embedded AWS, which forwards traffic.
import { setTimeout as sleep } from 'node:timers/promises';
import { readLoadBalancers } from '../src/cli/live-load-balancer.ts';
import { loadBalancerBranch } from '../src/cli/load-balancer-tree.ts';
import { drawn } from '../src/cli/tree.ts';
import { ownBlocks } from './aws/dataplane/own-blocks.ts';
import type { Reachable } from './aws/dataplane/reachable.ts';
import { applyYaml, type KubeObject } from './cluster/apply.ts';
import { connectToSamples } from './demo-connections.ts';
import { type Pod, podsFor, type Running, slicesFor, startPods } from './demo-pods.ts';
import { indented, say, saying, signal, untilInterrupted } from './demo-progress.ts';
import {
  addressOf,
  type Certificate,
  certificateSecret,
  deleteSamples,
  type GatewayObject,
  namespace,
  programmed,
  readSamples,
  sampleCertificate,
} from './demo-samples.ts';
import { answerBy, fetchSamples, type Sample, samplesOnAws } from './demo-traffic.ts';
import { elbv2Client } from './elbv2-client.ts';
import { type Environment, startEnvironment } from './environment.ts';
import { findKubectl } from './kubectl.ts';

const programmedTimeoutMs = 60_000;
const healthyTimeoutMs = 30_000;
const goneTimeoutMs = 60_000;

// Load balancers and pods have addresses of 127.0.0.0/8. Only root can use ports below 1024.
const blocks = ownBlocks(process.pid);
const podMapping = `10.0.0.0/16=${blocks.targets}`;
const portOffset = process.getuid?.() === 0 ? 0 : 10_000;

/** @param once whether to remove the samples in the end, and to look whether AWS is empty. @returns the exit status */
export async function demoOnAws({ once }: { readonly once: boolean }): Promise<number> {
  say('Starting a Kubernetes API server and the embedded AWS …');
  const starting = startEnvironment({
    log: say,
    signal,
    aws: { port: 0, dataPlane: { addresses: blocks.addresses, portOffset, mapTargets: [podMapping] } },
  });
  const environment = await saying(starting, () => 'Still starting the API server');
  const pods: Running[] = [];
  try {
    say(`Kubernetes is at ${environment.cluster.url}, AWS at ${environment.aws.url}.`);
    const gatehouse = await saying(environment.startGatehouse(), () => 'Still starting Gatehouse');
    say(`Gatehouse runs from source (pid ${gatehouse.pid}).`);
    say(`Its log is ${gatehouse.logFile}, its metrics are at ${gatehouse.metricsUrl}.`);
    const sample = await prepareSamples();
    pods.push(...(await startPods(sample.pods, podMapping, sample.certificate)));
    await applyYaml(environment.cluster.admin, sample.objects);
    say(`Applied deploy/samples; waiting until every Gateway is Programmed …`);
    const gateways = await programmed(environment.cluster.admin, programmedTimeoutMs);
    await healthy(environment);
    await show(environment, gateways);
    const served = await visit(environment, gateways, sample.certificate.cert);
    if (once) return (await removeSamples(environment, sample.objects)) && served ? 0 : 1;
    explain(environment, gateways, await findKubectl({ log: say, signal }));
    await untilInterrupted();
    return 0;
  } finally {
    say('Ending everything that was started …');
    for (const pod of pods) pod.close();
    await environment.stop();
  }
}

interface Prepared {
  readonly objects: readonly KubeObject[];
  readonly pods: readonly Pod[];
  readonly certificate: Certificate;
}

/** The samples, the endpoints of their Services, and the certificate's Secret. */
async function prepareSamples(): Promise<Prepared> {
  const objects = await readSamples('aws');
  const pods = podsFor(objects);
  const certificate = await sampleCertificate();
  return { objects: [...objects, ...slicesFor(namespace, pods), certificateSecret(certificate)], pods, certificate };
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
      await sleep(100, undefined, { signal });
    }
  };
  say(`Waiting until the load balancers find all ${states().length} targets healthy …`);
  await saying(waiting(), () => `${healthyOnes().length} of ${states().length} targets are healthy`);
}

/** The address of a Gateway's load balancer on this machine. */
function reachableOf({ aws }: Environment, gateways: readonly GatewayObject[], name: string): Reachable | undefined {
  const gateway = gateways.find(({ metadata }) => metadata.name === name);
  const address = gateway && addressOf(gateway);
  return aws.reachable().find(({ dnsName }) => dnsName === address);
}

async function visit(environment: Environment, gateways: readonly GatewayObject[], ca: string): Promise<boolean> {
  say('Talking to the samples through the load balancers; the pods say who they are and which path they saw:');
  const reachable = (name: string) => reachableOf(environment, gateways, name);
  const fetching = { reachable, ca, signal };
  const fetched = await fetchSamples(samplesOnAws, answerBy(fetching), indented);
  const right = (await connectToSamples(fetching, indented)) && fetched;
  console.log('');
  if (!right) say('NOT EVERY ANSWER WAS RIGHT.');
  return right;
}

async function show({ aws, seed }: Environment, gateways: readonly GatewayObject[]): Promise<void> {
  const elbv2 = elbv2Client(aws.url, seed.region);
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
  await deleteSamples(cluster.admin, objects, goneTimeoutMs);
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

${samplesOnAws.flatMap((sample) => curl(sample, reachableOf(environment, gateways, sample.gateway))).join('\n')}

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
