// A Gateway with TCP, UDP and TLS is created, changed, gets another certificate, and is deleted.
import { gateway } from '../integration/support/objects.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import type { Lab } from './lab.ts';
import { listenersOf, type NetworkShop } from './network-shop.ts';
import { checkGone, checkSettled, type Phases, perSecond } from './phases.ts';
import { certificateOf } from './shop.ts';

export async function networkPhases({ rig, shop }: Lab<NetworkShop>): Promise<Phases> {
  const { ns, route } = shop;
  for (const each of ['old', 'new']) await shop.deploy(each, 'lines', 1);
  for (const each of ['old-udp', 'new-udp']) await shop.deploy(each, 'datagrams', 1);
  const [one, rotated, two] = [
    await tlsSecret(ns, 'one', ['one.example.com', '*.example.com']),
    await tlsSecret(ns, 'one', ['rotated.example.com', '*.example.com']),
    await tlsSecret(ns, 'two', ['two.example.com', '*.example.com']),
  ];
  shop.trusted.push(...[one, rotated, two].map(certificateOf));
  const first = [
    gateway(ns, 'gw', listenersOf('one')),
    route('TCP', { old: 1 }),
    route('UDP', { 'old-udp': 1 }),
    route('TLS', { old: 1 }),
  ];
  const more = { name: 'more', protocol: 'TCP', port: 6000 };
  const moreRoute = route('TCP', { old: 1 }, 'more');
  const second = [
    gateway(ns, 'gw', [...listenersOf('one', 'two'), more]),
    route('TCP', { new: 1 }),
    route('UDP', { 'new-udp': 1 }),
    route('TLS', { old: 1, new: 1 }),
    moreRoute,
  ];
  const firstRoutes = ['tcproutes/tcp', 'udproutes/udp', 'tlsroutes/tls'];
  const secondRoutes = [...firstRoutes, 'tcproutes/more'];
  const traffic = () => [
    shop.traffic({
      perSecond,
      isRight: (answer, { kind }) => (kind === 'UDP' ? /^(old|new)-udp v1 8080$/ : /^(old|new) v1 8080$/).test(answer),
    }),
  ];
  return {
    create: {
      apply: () => rig.apply([one, two, ...first]),
      settled: async () => {
        await checkSettled(rig, ns, one, firstRoutes);
        // AWS registers targets after the load balancer is active.
        await shop.answers();
      },
    },
    change: { apply: () => rig.apply(second), settled: () => checkSettled(rig, ns, one, secondRoutes), traffic },
    rotate: {
      apply: () => rig.apply([rotated]),
      settled: () => checkSettled(rig, ns, rotated, secondRoutes),
      traffic,
    },
    delete: { apply: () => rig.remove([...first, moreRoute]), settled: () => checkGone(rig, ns) },
  };
}
