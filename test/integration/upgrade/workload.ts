// The objects for the recording: the samples, a Gateway with HTTPS and ListenerSets with routes for every kind of answer, and a
// Gateway with 90 routes.
import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueCertificate } from '../../../localstack/aws/acm/issue.ts';
import { type KubeObject, parseManifest } from '../../../localstack/cluster/apply.ts';
import { endpointSlice } from '../../../localstack/environment.ts';
import { base, workload as manyRoutes } from '../../bench/workload.ts';
import {
  backendRef,
  gateway,
  gatewayClass,
  http,
  httpRoute,
  https,
  listenerSet,
  loadBalancerConfiguration,
  namespace,
  parametersRef,
  referenceGrant,
  service,
} from '../support/objects.ts';
import { secretOf } from '../support/tls.ts';

const samplesFolders = ['aws', 'any-class'].map((name) => join(import.meta.dirname, '../../../deploy/samples', name));

export async function workload(): Promise<readonly KubeObject[]> {
  const few = [...(await samples()), ...shop()];
  return [namespace('gatehouse-system'), ...few, ...few.flatMap(slicesOf), ...base('ip'), ...manyRoutes(1, 90)];
}

async function samples(): Promise<readonly KubeObject[]> {
  const files = await Promise.all(
    samplesFolders.map(async (folder) => (await readdir(folder)).map((file) => join(folder, file)).toSorted()),
  );
  const texts = await Promise.all(files.flat().map((file) => readFile(file, 'utf8')));
  const secret = certificate('gatehouse-samples', 'example-com-cert', ['example.com', '*.example.com']);
  return [...texts.flatMap((text) => parseManifest(text)), secret];
}

/** Valid for longer than the test will be run. */
function certificate(ns: string, name: string, dnsNames: readonly string[]): KubeObject {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const commonName = dnsNames[0] ?? '';
  const pem = issueCertificate({
    commonName,
    dnsNames,
    publicKey,
    issuer: { commonName, privateKey },
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2049-12-31T00:00:00Z'),
    serial: '01',
  });
  return secretOf(ns, name, pem, privateKey);
}

function shop(): readonly KubeObject[] {
  return [
    namespace('shop'),
    namespace('team'),
    gatewayClass('aws'),
    loadBalancerConfiguration('shop', 'instances', {
      targetType: 'instance',
      sourceRanges: ['10.0.0.0/8', '192.0.2.0/24'],
      loadBalancerAttributes: { 'idle_timeout.timeout_seconds': '90' },
      tags: { team: 'shop' },
    }),
    ...['web', 'api', 'beta'].map((name) => service('shop', name, { type: 'NodePort' })),
    service('team', 'web', { type: 'NodePort' }),
    certificate('shop', 'shop', ['shop.example']),
    certificate('shop', 'any', ['*.shop.example']),
    certificate('team', 'team', ['team.example']),
    ...shopListeners(),
    ...shopRoutes(),
  ];
}

function shopListeners(): readonly KubeObject[] {
  const listeners = [
    http(),
    https(['shop', 'any']),
    https(['missing'], { name: 'no-certificate', port: 8443, hostname: 'missing.example' }),
  ];
  return [
    gateway('shop', 'gw', listeners, {
      infrastructure: { parametersRef: parametersRef('instances'), labels: { env: 'test' } },
      allowedListeners: { namespaces: { from: 'All' } },
    }),
    listenerSet('shop', 'more', 'gw', [http({ name: 'more', port: 8080 })]),
    listenerSet('team', 'theirs', { name: 'gw', namespace: 'shop' }, [
      https(['team'], { name: 'team', hostname: 'team.example' }),
    ]),
    listenerSet('team', 'too-late', { name: 'gw', namespace: 'shop' }, [
      https(['team'], { name: 'late', hostname: 'team.example' }),
    ]),
  ];
}

const path = (value: string, type = 'PathPrefix') => ({ path: { type, value } });

function shopRoutes(): readonly KubeObject[] {
  const secure = { name: 'gw', sectionName: 'https' };
  const redirect = { type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } };
  const rewrite = {
    type: 'URLRewrite',
    urlRewrite: { hostname: 'api.internal', path: { type: 'ReplaceFullPath', replaceFullPath: '/' } },
  };
  const headers = { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-a', value: 'b' }] } };
  return [
    httpRoute('shop', 'to-https', [{ name: 'gw', sectionName: 'http' }], [{ filters: [redirect] }]),
    httpRoute(
      'shop',
      'web',
      [secure],
      [
        {
          matches: [{ ...path('/api/v[0-9]+', 'RegularExpression'), method: 'GET' }],
          backendRefs: [backendRef('api')],
        },
        {
          matches: [{ headers: [{ name: 'x-beta', value: 'yes' }], queryParams: [{ name: 'a', value: 'b' }] }],
          backendRefs: [backendRef('beta')],
        },
        { matches: [path('/old', 'Exact')], filters: [rewrite], backendRefs: [backendRef('api')] },
        { matches: [path('/set')], filters: [headers], backendRefs: [backendRef('api')] },
        { matches: [path('/gone')], backendRefs: [backendRef('missing')] },
        { matches: [path('/theirs')], backendRefs: [backendRef('web', { namespace: 'team' })] },
        { backendRefs: [backendRef('web', { weight: 3 }), backendRef('beta', { weight: 1 })] },
      ],
      { hostnames: ['shop.example', 'www.shop.example'] },
    ),
    httpRoute('shop', 'more', [{ kind: 'ListenerSet', name: 'more' }], ['web']),
    httpRoute('shop', 'not-granted', [secure], [{ backendRefs: [backendRef('other', { namespace: 'team' })] }], {
      hostnames: ['not-granted.shop.example'],
    }),
    httpRoute('shop', 'no-such-listener', [{ name: 'gw', sectionName: 'none' }], ['web']),
    httpRoute('team', 'team', [{ kind: 'ListenerSet', name: 'theirs' }], ['web']),
    httpRoute('team', 'not-allowed', [{ name: 'gw', namespace: 'shop' }], ['web']),
    referenceGrant('team', 'shop', 'HTTPRoute', { group: '', kind: 'Service', name: 'web' }),
  ];
}

let pods = 0;

/** If the object is a Service: its pods. */
function slicesOf({ kind, metadata }: KubeObject): readonly KubeObject[] {
  if (kind !== 'Service') return [];
  const addresses = [1, 2].map(() => {
    pods += 1;
    return `10.0.${48 + 16 * (pods % 3)}.${10 + pods}`;
  });
  return [endpointSlice(metadata.namespace ?? '', metadata.name, addresses, 8080, { portName: 'http' })];
}
