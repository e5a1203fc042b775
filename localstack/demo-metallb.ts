// The demo with MetalLB: the samples become Envoys behind addresses that MetalLB's speakers announce. A machine outside of the
// cluster finds them by ARP, and talks to the samples.
import { applyYaml, get, type KubeObject, waitFor } from './cluster/apply.ts';
import { prepareCluster } from './cluster/cluster.ts';
import { handDoor, receiveDoor } from './cluster/door.ts';
import { clientNamespace } from './cluster/outside/link.ts';
import { connectFromOutside } from './demo-client-connections.ts';
import { echoPodsFor } from './demo-echo-pods.ts';
import { indented, say, saying, signal, untilInterrupted } from './demo-progress.ts';
import {
  addressOf,
  certificateSecret,
  deleteSamples,
  type GatewayObject,
  programmed,
  readSamples,
  sampleCertificate,
} from './demo-samples.ts';
import { type Answer, answerOf, fetchSamples, type Sample, samplesOnMetallb } from './demo-traffic.ts';
import { findKubectl } from './kubectl.ts';
import { type MetallbEnvironment, startMetallbEnvironment } from './metallb-environment.ts';
import { enterSandbox } from './sandbox.ts';

const programmedTimeoutMs = 180_000;
const availableTimeoutMs = 60_000;
/** Envoys drain first. */
const goneTimeoutMs = 120_000;

/** @param once whether to remove the samples in the end, and to look whether anything is left. @returns the exit status */
export async function demoOnMetallb({ once }: { readonly once: boolean }): Promise<number> {
  await enterSandbox({ prepare, attend: (inside) => handDoor(inside) });
  const door = await receiveDoor();
  say('Starting a Kubernetes cluster whose pods run, with MetalLB …');
  const starting = startMetallbEnvironment({ port: door.port, log: say, signal });
  const environment = await saying(starting, () => 'Still starting the cluster');
  try {
    say(`Kubernetes is at ${environment.cluster.url}.`);
    const gatehouse = await saying(environment.startGatehouse(), () => 'Still starting Gatehouse');
    say(`Gatehouse runs from source (pid ${gatehouse.pid} in its own namespace). Its log is ${gatehouse.logFile}.`);
    const certificate = await sampleCertificate();
    const samples = await readSamples('metallb');
    const objects = [...samples, certificateSecret(certificate), ...echoPodsFor(samples)];
    await applyYaml(environment.cluster.admin, objects);
    say('Applied deploy/samples/metallb and deploy/samples/any-class; waiting until every Gateway is Programmed …');
    const gateways = await programmed(environment.cluster.admin, programmedTimeoutMs);
    await available(environment);
    await show(environment, gateways);
    const served = await visit(environment, gateways, certificate.cert);
    if (once) return (await removeSamples(environment, gateways, objects)) && served ? 0 : 1;
    explain(environment, gateways, door.pid, await findKubectl({ log: say, signal }));
    await untilInterrupted();
    return 0;
  } finally {
    say('Ending everything that was started …');
    door.close();
    await environment.stop();
  }
}

/** The sandbox has no internet. */
const prepare = (): Promise<void> => prepareCluster({ metallb: true, log: say, signal });

interface List<T> {
  readonly items: readonly T[];
}

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status?: { readonly availableReplicas?: number };
}

/** Programmed needs one Envoy. This waits for the others, and for the backends. */
async function available({ cluster }: MetallbEnvironment): Promise<void> {
  let missing = 0;
  const areAvailable = (list: List<Deployment> | undefined): boolean => {
    const waiting = (list?.items ?? []).filter(({ spec, status }) => status?.availableReplicas !== spec.replicas);
    missing = waiting.length;
    return missing === 0;
  };
  const options = { timeoutMs: availableTimeoutMs, signal };
  const waiting = waitFor<List<Deployment>>(cluster.admin, '/apis/apps/v1/deployments', areAvailable, options);
  await saying(waiting, () => `${missing} Deployments are not available yet`);
}

interface Pod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
}

/** Each Gateway with its address, who answers for it by ARP, and its Envoys. */
async function show({ cluster, client }: MetallbEnvironment, gateways: readonly GatewayObject[]): Promise<void> {
  for (const { metadata, ...gateway } of gateways) {
    const address = addressOf({ metadata, ...gateway });
    const selector = `gateway.networking.k8s.io%2Fgateway-name%3D${metadata.name}`;
    const pods = await get<List<Pod>>(
      cluster.admin,
      `/api/v1/namespaces/${metadata.namespace}/pods?labelSelector=${selector}`,
      signal,
    );
    say(`Gateway ${metadata.namespace}/${metadata.name} is Programmed at ${address}`);
    indented(`${address} is at ${(await client.whoHas(address)) ?? 'no machine'}, says ARP`);
    for (const { metadata: pod, spec } of pods?.items ?? []) indented(`Envoy ${pod.name} on ${spec.nodeName}`);
  }
  console.log('');
}

async function visit(
  environment: MetallbEnvironment,
  gateways: readonly GatewayObject[],
  ca: string,
): Promise<boolean> {
  say('A machine outside of the cluster talks to the samples; the pods say who they are and which path they saw:');
  const place = (name: string): string => addressOf(gateways.find(({ metadata }) => metadata.name === name) ?? none);
  const ask = (sample: Sample): Promise<Answer> => answerTo(environment, place(sample.gateway), ca, sample);
  const fetched = await fetchSamples(samplesOnMetallb, ask, indented);
  const { client } = environment;
  const connected = await connectFromOutside({ client, addressOf: place, ca, signal }, indented);
  console.log('');
  if (!fetched || !connected) say('NOT EVERY ANSWER WAS RIGHT.');
  return fetched && connected;
}

const none: GatewayObject = { apiVersion: '', kind: 'Gateway', metadata: { name: '' } };

async function answerTo(
  { client }: MetallbEnvironment,
  address: string,
  ca: string,
  { url, headers = {} }: Sample,
): Promise<Answer> {
  const response = await client.fetch(url, { address, ca, headers, redirect: 'manual', signal });
  if (response.status === 200) return answerOf(await response.json());
  await response.arrayBuffer();
  return { text: [response.status, response.headers.get('location')].filter(Boolean).join(' ') };
}

async function removeSamples(
  { cluster, client }: MetallbEnvironment,
  gateways: readonly GatewayObject[],
  objects: readonly KubeObject[],
): Promise<boolean> {
  await deleteSamples(cluster.admin, objects, goneTimeoutMs);
  const left: string[] = [];
  for (const path of kinds) {
    const selector = 'labelSelector=app.kubernetes.io%2Fmanaged-by%3Dgatehouse';
    const found = await get<List<KubeObject>>(cluster.admin, `${path}?${selector}`, signal);
    left.push(...(found?.items ?? []).map(({ metadata }) => `${path} ${metadata.namespace}/${metadata.name}`));
  }
  for (const address of gateways.map(addressOf))
    if ((await client.whoHas(address)) !== undefined) left.push(`an answer for ${address}`);
  say(
    left.length === 0
      ? 'The Gateways are gone. Nothing of theirs is left in the cluster, and nobody answers for their addresses.'
      : `LEFT: ${left.join(', ')}`,
  );
  return left.length === 0;
}

/** What Gatehouse makes for a Gateway. */
const kinds = [
  '/api/v1/services',
  '/api/v1/configmaps',
  '/api/v1/serviceaccounts',
  '/apis/apps/v1/deployments',
  '/apis/policy/v1/poddisruptionbudgets',
  '/apis/autoscaling/v2/horizontalpodautoscalers',
] as const;

function explain(
  { cluster }: MetallbEnvironment,
  gateways: readonly GatewayObject[],
  pid: number,
  kubectl: string,
): void {
  const main = addressOf(gateways.find(({ metadata }) => metadata.name === 'main-gateway') ?? none);
  const client = `nsenter --target ${pid} --mount nsenter --net=/run/netns/${clientNamespace}`;
  console.log(`Have a look around, in another terminal:

    export KUBECONFIG=${cluster.kubeconfig}
    ${kubectl} get gateways,services,deployments,pods -n gatehouse-samples
    ${kubectl} describe gateway -n gatehouse-samples main-gateway
    ${client} curl -ik --connect-to ::${main} https://shop.example.com/cart
    ${client} ip neighbour

Ctrl-C ends everything.`);
}
