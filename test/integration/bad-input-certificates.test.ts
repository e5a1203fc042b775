// Invalid TLS Secrets: the listener that needs one says so, and all other listeners still serve.
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts';
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { awsOf } from './support/aws.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig } from './support/gatehouse.ts';
import { type Neighbour, startNeighbour } from './support/neighbour.ts';
import { gateway, http, https } from './support/objects.ts';
import { readGateway } from './support/status.ts';

const dayMs = 86_400_000;

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

async function pair(name: string, from = Date.now()): Promise<Pair> {
  const { certificatePem, privateKey } = await selfSigned([name], 'EC_prime256v1', from, '01');
  return { certificate: certificatePem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

// Some tests wait for retries with growing pauses.
vi.setConfig({ testTimeout: 150_000 });

let rig: Rig;
let neighbour: Neighbour;
let good: Pair;
beforeAll(async () => {
  rig = await startRig();
  good = await pair('good.example.com');
  neighbour = await startNeighbour(rig, 'certificates');
});
afterAll(() => rig.stop());

const secret = (name: string, { certificate, key }: Pair, type = 'kubernetes.io/tls'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: neighbour.ns },
  type,
  stringData: { 'tls.crt': certificate, 'tls.key': key },
});

/** `Type=Status/Reason: message` of the listener `https`, sorted; `NS` stands for the namespace. */
async function reported(): Promise<readonly string[]> {
  const { metadata, status } = (await readGateway(rig, neighbour.ns, 'web')) ?? {};
  const listener = status?.listeners?.find(({ name }) => name === 'https');
  const conditions = listener?.conditions ?? [];
  expect(conditions.every(({ observedGeneration }) => observedGeneration === metadata?.generation)).toBe(true);
  return conditions
    .filter(({ type }) => type !== 'Conflicted')
    .map(({ type, status: is, reason, message }) =>
      `${type}=${is}/${reason}: ${message}`
        .replaceAll(neighbour.ns, 'NS')
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'THEN'),
    )
    .toSorted();
}

const accepted = 'Accepted=True/Accepted: The listener is accepted.';
const invalid = (reason: string, why: string): readonly string[] => [
  accepted,
  `Programmed=False/Invalid: spec.listeners["https"].tls.certificateRefs[0]: ${why}`,
  `ResolvedRefs=False/${reason}: spec.listeners["https"].tls.certificateRefs[0]: ${why}`,
];

interface Case {
  readonly fault: string;
  readonly secrets: () => Promise<readonly KubeObject[]> | readonly KubeObject[];
  readonly reason?: string;
  readonly why: string;
}

const cases: readonly Case[] = [
  {
    fault: 'does not exist',
    secrets: () => [],
    why: 'Secret NS/tls does not exist, or is not of type kubernetes.io/tls. Create it with "kubectl create secret tls".',
  },
  {
    fault: 'is of another type',
    secrets: () => [secret('tls', good, 'Opaque')],
    why: 'Secret NS/tls does not exist, or is not of type kubernetes.io/tls. Create it with "kubectl create secret tls".',
  },
  {
    fault: 'is not PEM',
    secrets: () => [secret('tls', { ...good, certificate: 'not a certificate' })],
    why: 'Secret NS/tls has no usable certificate: tls.crt holds no PEM certificate. Create it again with "kubectl create secret tls".',
  },
  {
    fault: 'has a key that is no key',
    secrets: () => [secret('tls', { ...good, key: 'not a key' })],
    why: 'Secret NS/tls has no usable certificate: tls.key is not an unencrypted PEM private key. Create it again with "kubectl create secret tls".',
  },
  {
    fault: "has another certificate's key",
    secrets: async () => [secret('tls', { ...good, key: (await pair('other.example.com')).key })],
    why: 'in Secret NS/tls the key in tls.key does not belong to the certificate in tls.crt. Use the private key of the certificate.',
  },
  {
    fault: 'has expired',
    secrets: async () => [secret('tls', await pair('old.example.com', Date.now() - 400 * dayMs))],
    why: 'the certificate in Secret NS/tls expired on THEN. Renew it.',
  },
  {
    fault: 'is not valid yet',
    secrets: async () => [secret('tls', await pair('new.example.com', Date.now() + 10 * dayMs))],
    why: 'the certificate in Secret NS/tls is not valid before THEN. Use one that is valid now.',
  },
];

test.each(cases)('a listener whose Secret $fault says so, and the one beside it serves on', async (each) => {
  const { ns, stillServes } = neighbour;
  const secrets = await each.secrets();
  onTestFinished(async () => {
    await rig.apply([gateway(ns, 'web')]);
    await rig.remove(secrets);
  });
  await rig.apply([...secrets, gateway(ns, 'web', [http(), https(['tls'])])]);
  await eventually(async () =>
    expect(await reported()).toEqual(invalid(each.reason ?? 'InvalidCertificateRef', each.why)),
  );
  const { conditions = [] } = (await readGateway(rig, ns, 'web'))?.status ?? {};
  expect(conditions.map(({ type, status, message }) => `${type}=${status}: ${message}`)).toEqual([
    'Accepted=True: Not all listeners are valid. See the conditions of "https".',
    'Programmed=True: The load balancer is active.',
    'gatehouse.dev/UpToDate=True: AWS has everything that is accepted.',
  ]);
  expect(awsOf(rig, `${ns}/web`).listeners.map(({ listener }) => listener.port)).toEqual([80]);
  stillServes();
});

test('a Secret of another namespace is used only where a grant allows it, and nobody learns whether it exists', async () => {
  const { ns, stillServes } = neighbour;
  const listener = https([], { tls: { mode: 'Terminate', certificateRefs: [{ name: 'tls', namespace: 'default' }] } });
  await rig.apply([gateway(ns, 'web', [http(), listener])]);
  const why =
    'Secret default/tls is in another namespace, and no ReferenceGrant there allows Gateways of this namespace to use it. Create a ReferenceGrant there, or copy the Secret.';
  await eventually(async () => expect(await reported()).toEqual(invalid('RefNotPermitted', why)));
  stillServes();
  await rig.apply([gateway(ns, 'web')]);
});

test('of two Secrets the invalid one is in the listener’s condition, and the valid one is served', async () => {
  const { ns, stillServes } = neighbour;
  await rig.apply([secret('good', good), gateway(ns, 'web', [http(), https(['missing', 'good'])])]);
  await eventually(async () => {
    expect(await reported()).toEqual([
      accepted,
      expect.stringMatching(/^Programmed=True\/Programmed: Application Load Balancer \S+ serves it\.$/),
      'ResolvedRefs=False/InvalidCertificateRef: spec.listeners["https"].tls.certificateRefs[0]: Secret NS/missing does not exist, or is not of type kubernetes.io/tls. Create it with "kubectl create secret tls".',
    ]);
  });
  stillServes();
});

test('a Secret that becomes invalid is in the listener’s condition, and the last imported certificate still serves', async () => {
  const { ns, stillServes } = neighbour;
  const ports = () => awsOf(rig, `${ns}/web`).listeners.map(({ listener }) => listener.port);
  await rig.apply([secret('turns', good), gateway(ns, 'web', [http(), https(['turns'])])]);
  await eventually(async () => expect((await reported())[1]).toContain('Programmed=True'));
  await rig.apply([secret('turns', { ...good, certificate: 'oops' })]);
  await eventually(async () => expect((await reported()).at(-1)).toContain('ResolvedRefs=False/InvalidCertificateRef'));
  expect(ports()).toEqual([80, 443]);
  stillServes();
  await rig.apply([secret('turns', good)]);
  await eventually(async () => expect((await reported()).at(-1)).toContain('ResolvedRefs=True'));
  expect(ports()).toEqual([80, 443]);
});
