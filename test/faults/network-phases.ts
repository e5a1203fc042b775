// A Gateway with TCP, UDP and TLS, and maybe with HTTP and HTTPS, is created, changed, gets another certificate, and is deleted.
import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { gateway, https } from '../integration/support/objects.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import type { Lab } from './lab.ts';
import { listenersOf, type NetworkShop } from './network-shop.ts';
import { checkGone, checkSettled, type Phases, perSecond } from './phases.ts';
import { certificateOf } from './shop.ts';

export async function networkPhases({ rig, shop }: Lab<NetworkShop>): Promise<Phases> {
  const { ns, form, route } = shop;
  for (const each of ['old', 'new']) await shop.deployAll(each, 1);
  const [one, rotated, two] = [
    await tlsSecret(ns, 'one', ['one.example.com', '*.example.com']),
    await tlsSecret(ns, 'one', ['rotated.example.com', '*.example.com']),
    await tlsSecret(ns, 'two', ['two.example.com', '*.example.com']),
  ];
  shop.trusted.push(...[one, rotated, two].map(certificateOf));
  // One HTTPS port goes when another one comes.
  const [leaving, coming] = [
    https(['one'], { name: 'leaving', port: 9443 }),
    https(['two'], { name: 'coming', port: 8443 }),
  ].map((listener) => (form === 'mixed' ? [listener] : []));
  const first = [
    gateway(ns, 'gw', [...listenersOf(form, 'one'), ...(leaving ?? [])]),
    ...shop.routesTo(() => ({ old: 1 })),
  ];
  const more = { name: 'more', protocol: 'TCP', port: 6000 };
  const moreRoute = route('TCP', { old: 1 }, 'more');
  const second = [
    gateway(ns, 'gw', [...listenersOf(form, 'one', 'two'), more, ...(coming ?? [])]),
    ...shop.routesTo((kind) => (kind === 'TLS' ? { old: 1, new: 1 } : { new: 1 })),
    moreRoute,
  ];
  const traffic = () => [
    shop.traffic({
      perSecond,
      isRight: (answer, kind) => patterns[kind].test(answer),
    }),
  ];
  return {
    create: {
      apply: () => rig.apply([one, two, ...first]),
      settled: async () => {
        await checkSettled(rig, ns, one, routesOf(first));
        // AWS registers targets after the load balancer is active.
        await shop.answers();
      },
    },
    change: { apply: () => rig.apply(second), settled: () => checkSettled(rig, ns, one, routesOf(second)), traffic },
    rotate: {
      apply: () => rig.apply([rotated]),
      settled: () => checkSettled(rig, ns, rotated, routesOf(second)),
      traffic,
    },
    delete: { apply: () => rig.remove([...first, moreRoute]), settled: () => checkGone(rig, ns) },
  };
}

/** `tcproutes/NAME` of all objects but the first, which is the Gateway. */
const routesOf = (objects: readonly KubeObject[]): readonly string[] =>
  objects.slice(1).map(({ kind, metadata: { name } }) => `${kind.toLowerCase()}s/${name}`);

/** The right answers, by what the client speaks. On the port of TCP and UDP, both reach the same pods. */
const patterns = {
  TCP: /^(old|new)(-udp)? v1 8080$/,
  UDP: /^(old|new)-udp v1 8080$/,
  TLS: /^(old|new) v1 8080$/,
  HTTP: /^(old|new)-web v1 8080$/,
} as const;
