// A Gateway with HTTP and HTTPS is created, changed, gets another certificate, and is deleted.
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { backendRef, gateway, http, httpRoute, https } from '../integration/support/objects.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import type { Lab } from './lab.ts';
import { checkGone, checkSettled, type Phases, perSecond } from './phases.ts';
import { certificateOf, type Shop } from './shop.ts';
import type { Traffic } from './traffic.ts';

export async function httpPhases({ rig, shop }: Lab<Shop>): Promise<Phases> {
  const { ns } = shop;
  for (const each of ['old', 'new', 'api', 'docs']) await shop.deploy(each, { replicas: 1 });
  const secret = (name: string, first: string) => tlsSecret(ns, name, [first, '*.example.com']);
  const [one, rotated, two] = [
    await secret('one', 'one.example.com'),
    await secret('one', 'rotated.example.com'),
    await secret('two', 'two.example.com'),
  ];
  shop.trusted.push(...[one, rotated, two].map(certificateOf));
  const route = (name: string, rules: Parameters<typeof httpRoute>[3]) =>
    httpRoute(ns, name, ['gw'], rules, { hostnames: [`${name}.example.com`] });
  const first = [
    gateway(ns, 'gw', [http(), https(['one'])]),
    // In the order of their names: routes of the same second have precedence by name, others by age.
    route('api', ['api']),
    route('docs', ['docs']),
    route('shop', ['old']),
  ];
  const beta = { matches: [{ headers: [{ name: 'x-beta', value: 'yes' }] }], backendRefs: [backendRef('docs')] };
  const second = [
    gateway(ns, 'gw', [http(), https(['one', 'two']), https(['two'], { name: 'more', port: 8443 })]),
    // Another backend, and a rule before the existing one.
    route('shop', [beta, 'new']),
  ];
  const right = (certificate: KubeObject, routes: readonly string[]): Promise<void> =>
    checkSettled(
      rig,
      ns,
      certificate,
      routes.map((name) => `httproutes/${name}`),
    );
  const traffic = (): readonly Traffic[] =>
    ['shop', 'api'].map((host) =>
      shop.traffic({
        hostname: `${host}.example.com`,
        perSecond,
        isRight: (answer) => (host === 'api' ? answer === 'api v1 8080' : /^(old|new) v1 8080$/.test(answer)),
      }),
    );
  return {
    create: {
      apply: () => rig.apply([one, two, ...first]),
      settled: () => right(one, ['shop', 'api', 'docs']),
    },
    change: {
      apply: async () => {
        await rig.apply(second);
        await rig.remove([route('docs', [])]);
      },
      settled: () => right(one, ['shop', 'api']),
      traffic,
    },
    rotate: { apply: () => rig.apply([rotated]), settled: () => right(rotated, ['shop', 'api']), traffic },
    delete: { apply: () => rig.remove(first), settled: () => checkGone(rig, ns) },
  };
}
