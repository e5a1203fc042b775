// An adversary with the token of one Envoy, and one who may write routes in a namespace of his own. Neither gets what is others'.

import { Code, ConnectError } from '@connectrpc/connect';
import { deleteObjects, get, type KubeObject } from '../../localstack/cluster/apply.ts';
import { plainNodes } from '../../localstack/cluster/nodes/plain-nodes.ts';
import type { HttpRoute } from '../../src/api/gateway-api.ts';
import { DeltaClient } from '../../src/envoy/ads/testing/delta-client.ts';
import { type ResourceKind, resourceKinds, typeUrls } from '../../src/envoy/snapshot.ts';
import { eventually } from '../integration/support/eventually.ts';
import {
  backendRef,
  http,
  httpRoute,
  https,
  namespace,
  referenceGrant,
  service,
} from '../integration/support/objects.ts';
import { routePath } from '../integration/support/status.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { patienceMs } from './awaiting.ts';
import type { Door } from './metallb-clients.ts';
import { echoPods, isReady, type MetallbShop, openMetallbShop, type Pod } from './metallb-shop.ts';
import type { MetallbStage } from './metallb-stage.ts';
import type { Scenario } from './scenario.ts';

const adsPort = 18_000;
const audience = 'gatehouse.dev/ads';
/** How long to wait for what must not come, in milliseconds. */
const waitMs = 3000;

interface Claim {
  readonly ns: string;
  readonly serviceAccount: string;
  readonly audiences?: readonly string[];
  readonly pod?: Pod;
}

/** A token such as the kubelet gives to a pod. */
async function tokenFor({ admin }: MetallbStage, { ns, serviceAccount, audiences = [audience], pod }: Claim) {
  const bound = pod && { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid };
  const spec = { audiences, expirationSeconds: 600, ...(bound && { boundObjectRef: bound }) };
  const path = `/api/v1/namespaces/${ns}/serviceaccounts/${serviceAccount}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const { status } = await admin.request<{ readonly status: { readonly token: string } }>('POST', path, { body });
  return status.token;
}

interface Haul {
  /** By kind, the names. */
  readonly got: ReadonlyMap<ResourceKind, ReadonlySet<string>>;
  readonly refused: string | undefined;
}

/** Everything that the service sends to whoever asks for all kinds, and for these names. */
async function haul(stage: MetallbStage, token: string, node: string, wanted: readonly string[] = []): Promise<Haul> {
  const authorities = await authoritiesOf(stage);
  const over = new AbortController();
  const place = { host: plainNodes[0]?.address ?? '', port: adsPort };
  const serverName = 'gatehouse-ads.gatehouse-system.svc';
  const client = new DeltaClient({ ...place, serverName, authorities, token, node, signal: over.signal });
  const got = new Map<ResourceKind, Set<string>>(resourceKinds.map((kind) => [kind, new Set()]));
  for (const kind of resourceKinds) {
    const everything = kind === 'clusters' || kind === 'listeners' ? [] : ['*'];
    client.request(kind, { resourceNamesSubscribe: [...everything, ...wanted] });
  }
  const timer = setTimeout(() => over.abort(), waitMs);
  try {
    for (;;) {
      const { typeUrl, resources, nonce } = await client.next();
      const kind = resourceKinds.find((each) => typeUrls[each] === typeUrl);
      if (kind === undefined) continue;
      for (const { name } of resources) got.get(kind)?.add(name);
      client.request(kind, { responseNonce: nonce });
    }
  } catch (error) {
    const { code } = ConnectError.from(error);
    return { got, refused: over.signal.aborted ? undefined : Code[code] };
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

async function authoritiesOf({ admin }: MetallbStage): Promise<string> {
  const path = '/api/v1/configmaps?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dgatehouse';
  const found = await get<{ readonly items: readonly { readonly data?: Readonly<Record<string, string>> }[] }>(
    admin,
    path,
  );
  return found?.items.find(({ data }) => data?.['ca.crt'] !== undefined)?.data?.['ca.crt'] ?? '';
}

const firstEnvoy = async (shop: MetallbShop): Promise<Pod & { readonly serviceAccount: string }> => {
  const pod = (await shop.envoys()).find(isReady);
  if (pod === undefined) throw new Error(`Expected an Envoy in ${shop.ns}`);
  return { ...pod, serviceAccount: pod.spec.serviceAccountName ?? '' };
};

type Attempt = readonly [what: string, token: string, node: string];

const namesIn = ({ got }: Haul): readonly string[] => [...got.values()].flatMap((each) => [...each]);

/** Tokens that are no Envoy's, and names that are another's. */
async function attemptsOf(stage: MetallbStage, mine: MetallbShop, yours: MetallbShop): Promise<readonly Attempt[]> {
  const own = await firstEnvoy(mine);
  const { name } = own.metadata;
  const claim = { ns: mine.ns, serviceAccount: own.serviceAccount };
  const good = await tokenFor(stage, { ...claim, pod: own });
  const apiServer = { ...claim, pod: own, audiences: ['https://kubernetes.default.svc'] };
  const [backend] = await yours.podsOf('web');
  if (backend === undefined) throw new Error('Expected a backend');
  return [
    ["as another Gateway's Envoy", good, (await firstEnvoy(yours)).metadata.name],
    ['as no Envoy', good, 'nobody'],
    ['a token of no pod', await tokenFor(stage, claim), name],
    ['a token for the API server', await tokenFor(stage, apiServer), name],
    [
      'a token of a backend',
      await tokenFor(stage, { ns: yours.ns, serviceAccount: 'default', pod: backend }),
      backend.metadata.name,
    ],
    ['a token with another signature', `${good.slice(0, -8)}AAAAAAAA`, name],
    ['no token', '', name],
  ];
}

const stolenToken: Scenario<MetallbStage> = {
  name: 'metallb-stolen-token',
  what: "with an Envoy's token, somebody asks for the configuration and the keys of another Gateway",
  run: async (stage) => {
    const mine = await openMetallbShop(stage, 'mine');
    const yours = await openMetallbShop(stage, 'yours');
    await mine.open();
    await yours.open();
    const own = await firstEnvoy(mine);
    const good = await tokenFor(stage, { ns: mine.ns, serviceAccount: own.serviceAccount, pod: own });
    const theirs = [`${yours.ns}/tls`, `${yours.ns}/web/80`, 'http/80', 'https/443', 'tcp/443'];
    const failures: string[] = [];
    const first = await haul(stage, good, own.metadata.name, theirs);
    const names = namesIn(first);
    if (first.refused !== undefined) failures.push(`the Envoy's own token is refused: ${first.refused}`);
    if (!names.includes(`${mine.ns}/tls`)) failures.push(`it does not get its own key, only ${names.join(' ')}`);
    failures.push(...names.filter((name) => name.includes(yours.ns)).map((name) => `it gets ${name}`));
    const attempts = await attemptsOf(stage, mine, yours);
    for (const [what, token, node] of attempts) {
      const answer = await haul(stage, token, node, theirs);
      const stolen = namesIn(answer);
      if (stolen.length > 0 || answer.refused === undefined)
        failures.push(`${what}: ${answer.refused ?? 'not refused'}, got ${stolen.join(' ')}`);
    }
    const leaks = [...(await mine.close()), ...(await yours.close())];
    const late = namesIn(await haul(stage, good, own.metadata.name));
    if (late.length > 0) failures.push(`after its end the token still gets ${late.join(' ')}`);
    const count = `${attempts.length + 2} attempts, ${names.length} resources of its own`;
    return { count, failures, duplicates: [], leaks };
  },
};

const intruders = 'intruder';

/** The routes of the namespace that was given nothing. Each has a host of its own. */
const intrusions = (shop: MetallbShop): Readonly<Record<string, KubeObject>> => {
  const gw = { name: 'gw', namespace: shop.ns };
  const foreign = backendRef('web', { namespace: shop.ns });
  const route = (name: string, rule: object): KubeObject =>
    httpRoute(intruders, name, [gw], [{ ...rule }], { hostnames: [`${name}.example.com`] });
  return {
    backend: route('backend', { backendRefs: [foreign] }),
    share: route('share', { backendRefs: [{ ...foreign, weight: 1 }, backendRef('own', { weight: 0 })] }),
    alias: route('alias', { backendRefs: [backendRef('alias')] }),
    mirror: route('mirror', {
      backendRefs: [backendRef('own')],
      filters: [{ type: 'RequestMirror', requestMirror: { backendRef: foreign } }],
    }),
  };
};

async function statusOf({ client, address }: Door, host: string): Promise<number> {
  const response = await client.fetch(`http://${host}/`, { address, signal: AbortSignal.timeout(10_000) });
  await response.text();
  return response.status;
}

const becomes = (door: Door, host: string, wanted: number): Promise<void> =>
  eventually(async () => {
    const status = await statusOf(door, host);
    if (status !== wanted) throw new Error(`${host} answers ${status}, expected ${wanted}`);
  }, patienceMs);

type Expect = (words: string, check: Promise<unknown>) => Promise<void>;

const stolenFrom = 'victim';

/** A Gateway for routes of all namespaces. One listener is for its own namespace, another one names a Secret of another one. */
const openToAll = (stage: MetallbStage): Promise<MetallbShop> => {
  const all = { allowedRoutes: { namespaces: { from: 'All' as const } } };
  const certificateRefs = [{ name: 'tls', namespace: stolenFrom }];
  return openMetallbShop(stage, 'open', {
    listeners: [
      http(all),
      https(['tls'], all),
      http({ name: 'closed', port: 8080 }),
      https([], { name: 'stolen', port: 8443, tls: { mode: 'Terminate', certificateRefs } }),
    ],
  });
};

async function withoutGrant(stage: MetallbStage, shop: MetallbShop, door: Door, expecting: Expect): Promise<void> {
  for (const host of ['backend', 'share', 'alias'])
    await expecting('without a grant', becomes(door, `${host}.example.com`, 500));
  await expecting("the mirror's own backend", becomes(door, 'mirror.example.com', 200));
  await expecting('a listener for its own namespace', becomes(door, 'backend.example.com:8080', 404));
  for (const name of ['backend', 'share', 'mirror']) await expecting(name, notPermitted(stage, name));
  const key = `${stolenFrom}/tls`;
  const hasKey = async (): Promise<void> => {
    const envoy = await firstEnvoy(shop);
    const token = await tokenFor(stage, { ns: shop.ns, serviceAccount: envoy.serviceAccount, pod: envoy });
    const { got } = await haul(stage, token, envoy.metadata.name, [key]);
    if (got.get('secrets')?.has(key)) throw new Error('the Gateway has the key');
  };
  await expecting('a Secret that was not granted', hasKey());
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${intruders}/endpointslices`;
  const accepted = await stage.admin.request('POST', slices, { body: loopbackSlice }).then(
    () => true,
    () => false,
  );
  const words = "Kubernetes accepts endpoints on loopback, where Envoy's admin interface is";
  if (accepted) await expecting('an EndpointSlice', Promise.reject(new Error(words)));
}

const noGrant: Scenario<MetallbStage> = {
  name: 'metallb-no-grant',
  what: 'routes of another namespace name Services, Secrets and listeners that nobody granted them',
  run: async (stage) => {
    const { admin } = stage;
    const shop = await openToAll(stage);
    await shop.apply(namespace(stolenFrom), await tlsSecret(stolenFrom, 'tls', ['*.example.com']));
    const door = await shop.open();
    const externalName = `web.${shop.ns}.svc.cluster.local`;
    const own = [
      ...echoPods(intruders, 'own', { replicas: 1 }),
      service(intruders, 'alias', { type: 'ExternalName', externalName }),
    ];
    const routes = Object.values(intrusions(shop));
    await shop.apply(namespace(intruders), ...own, ...routes);
    const failures: string[] = [];
    let checks = 0;
    const expecting: Expect = async (words, check) => {
      checks += 1;
      await check.catch((error: unknown) => failures.push(`${words}: ${String(error)}`));
    };
    await withoutGrant(stage, shop, door, expecting);
    const grant = referenceGrant(shop.ns, intruders);
    await shop.apply(grant);
    await expecting('with a grant', becomes(door, 'backend.example.com', 200));
    await deleteObjects(admin, [grant]);
    const from = performance.now();
    await expecting('when the grant is gone', becomes(door, 'backend.example.com', 500));
    const seconds = (performance.now() - from) / 1000;
    await deleteObjects(admin, [...routes, namespace(intruders), namespace(stolenFrom)]);
    const notes = [`a grant that is taken back ends the traffic after ${seconds.toFixed(2)} s`];
    return { count: `${checks} checks`, failures, duplicates: [], leaks: await shop.close(), notes };
  },
};

const loopbackSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'loopback', labels: { 'kubernetes.io/service-name': 'own' } },
  addressType: 'IPv4',
  ports: [{ name: '', port: 19_000, protocol: 'TCP' }],
  endpoints: [{ addresses: ['127.0.0.1'] }],
};

/** The route says that the reference is not permitted. */
const notPermitted = ({ admin }: MetallbStage, name: string): Promise<void> =>
  eventually(async () => {
    const found = await get<HttpRoute>(admin, routePath(intruders, name));
    const conditions = found?.status?.parents?.flatMap((parent) => parent.conditions ?? []) ?? [];
    if (!conditions.some(({ type, reason }) => type === 'ResolvedRefs' && reason === 'RefNotPermitted'))
      throw new Error(`${name} says ${JSON.stringify(conditions)}`);
  });

export const metallbAdversary = [stolenToken, noGrant];
