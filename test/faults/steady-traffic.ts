// Under steady traffic, no change of a Gateway's backends, certificates or controller fails a request.
import { setTimeout as sleep } from 'node:timers/promises';
import { rulesOf, targetsOf } from '../integration/support/aws.ts';
import { eventually } from '../integration/support/eventually.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { backendRef, gateway, http, httpRoute, https, service } from '../integration/support/objects.ts';
import { tlsSecret } from '../integration/support/tls.ts';
import { describeTraffic } from './paced-traffic.ts';
import { family, type Scenario } from './scenario.ts';
import { certificateOf, close, fingerprintOf, openShop, type Shop, startServingRig } from './shop.ts';
import type { TrafficReport } from './traffic.ts';
import { allSeen, type Change, calmMs, oneOf, underTraffic } from './under-traffic.ts';

const perSecond = 200;

/** A change during traffic, and its checks. */
interface Act extends Change<TrafficReport> {
  readonly isRight: (answer: string) => boolean;
  readonly paths?: readonly string[];
}

interface Play {
  readonly name: string;
  readonly what: string;
  readonly set: (rig: Rig, shop: Shop) => Promise<Act>;
}

const scenarioOf = ({ name, what, set }: Play): Scenario<Rig> => ({
  name,
  what,
  run: async (rig) => {
    const shop = await openShop(rig, name);
    const { isRight, paths = ['/'], ...change } = await set(rig, shop);
    const { report, failures } = await underTraffic(shop.traffic({ perSecond, paths, isRight }), change);
    return {
      count: `${report.requests.toLocaleString('en')} requests`,
      failures,
      duplicates: [],
      leaks: await close(rig, shop),
      notes: [describeTraffic(report), ...(change.notes?.() ?? [])],
    };
  },
});

const rollingUpdate: Play = {
  name: 'rolling-update',
  what: 'rolling update of 3 pods, 15 s of preStop; a tenth of the requests take 2 s',
  set: async (_, shop) => {
    const web = await shop.deploy('web');
    await shop.open([httpRoute(shop.ns, 'web', ['gw'], ['web'])]);
    return {
      isRight: oneOf('web v1 8080', 'web v2 8080'),
      paths: [...Array.from({ length: 9 }, () => '/'), '/slow'],
      act: () => web.roll('v2'),
      judge: allSeen('web v2 8080'),
    };
  },
};

const weights: Play = {
  name: 'weights',
  what: 'weights of two backends: 90/10, 50/50, 0/100, 100/0, then one backend alone',
  set: async (rig, shop) => {
    await shop.deploy('stable');
    await shop.deploy('canary');
    const route = (stable: number, canary: number) =>
      httpRoute(
        shop.ns,
        'web',
        ['gw'],
        [{ backendRefs: [backendRef('stable', { weight: stable }), backendRef('canary', { weight: canary })] }],
      );
    await shop.open([route(90, 10)]);
    const ruled = (words: RegExp) =>
      eventually(() => {
        const rules = [80, 443].flatMap((port) => rulesOf(rig, `${shop.ns}/gw`, port));
        if (rules.length !== 2 || !rules.every((rule) => words.test(rule))) throw new Error(rules.join(' and '));
      });
    return {
      isRight: oneOf('stable v1 8080', 'canary v1 8080'),
      act: async () => {
        for (const [stable, canary] of [
          [50, 50],
          [0, 100],
          [100, 0],
        ] as const) {
          await rig.apply([route(stable, canary)]);
          await ruled(new RegExp(`stable:80=${stable}\\b.*canary:80=${canary}$`));
          await sleep(calmMs);
        }
        await rig.apply([httpRoute(shop.ns, 'web', ['gw'], ['canary'])]);
        await ruled(/-> [^ ]+\/canary:80=1$/);
      },
      judge: allSeen('stable v1 8080', 'canary v1 8080'),
    };
  },
};

const certificate: Play = {
  name: 'certificate',
  what: 'the certificate is rotated: the same kind of key, another kind, another Secret',
  set: async (rig, shop) => {
    await shop.deploy('web');
    await shop.open([httpRoute(shop.ns, 'web', ['gw'], ['web'])]);
    // Self-signed certificates differ by their first name, which is their subject.
    const secrets = [
      await tlsSecret(shop.ns, 'tls', ['second.example.com', '*.example.com']),
      await tlsSecret(shop.ns, 'tls', ['third.example.com', '*.example.com'], 'RSA_2048'),
      await tlsSecret(shop.ns, 'other', ['fourth.example.com', '*.example.com']),
    ] as const;
    shop.trusted.push(...secrets.map(certificateOf));
    return {
      isRight: oneOf('web v1 8080'),
      act: async () => {
        for (const secret of secrets) {
          await rig.apply([secret, gateway(shop.ns, 'gw', [http(), https([secret.metadata.name])])]);
          await eventually(async () => {
            const shown = await shop.shownCertificate();
            if (shown !== fingerprintOf(certificateOf(secret))) throw new Error('The old certificate is still shown');
          });
          await sleep(calmMs);
        }
      },
      judge: ({ certificates }) =>
        secrets
          .filter((secret) => !certificates.has(fingerprintOf(certificateOf(secret))))
          .map(({ metadata }) => `a certificate of the Secret ${metadata.name} was never shown`),
    };
  },
};

const servicePort: Play = {
  name: 'service-port',
  what: "the Service's targetPort changes, then its port: a second one is added, the route moves, the first one goes",
  set: async (rig, shop) => {
    const { ns } = shop;
    const web = await shop.deploy('web', { ports: [8080, 9090, 7070] });
    await shop.open([httpRoute(ns, 'web', ['gw'], ['web'])]);
    const first = { name: 'http', port: 80, targetPort: 9090 };
    const second = { name: 'next', port: 81, targetPort: 7070 };
    const registered = (backend: string, port: number) =>
      eventually(() => {
        const targets = targetsOf(rig, `${ns}/gw`, backend);
        if (targets.length !== 3 || !targets.every((target) => target.endsWith(`:${port}`)))
          throw new Error(targets.join(' '));
      });
    return {
      isRight: oneOf('web v1 8080', 'web v1 9090', 'web v1 7070'),
      act: async () => {
        await rig.apply([service(ns, 'web', { ports: [first] })]);
        await web.sendTo({ http: 9090 });
        await registered('web:80', 9090);
        await sleep(calmMs);
        await rig.apply([service(ns, 'web', { ports: [first, second] })]);
        await web.sendTo({ http: 9090, next: 7070 });
        await rig.apply([httpRoute(ns, 'web', ['gw'], [{ backendRefs: [backendRef('web', { port: 81 })] }])]);
        await registered('web:81', 7070);
        await eventually(() => {
          const rules = rulesOf(rig, `${ns}/gw`);
          if (!rules.every((rule) => rule.endsWith('web:81=1'))) throw new Error(rules.join(' and '));
        });
        await rig.apply([service(ns, 'web', { ports: [second] })]);
        await web.sendTo({ next: 7070 });
      },
      judge: allSeen('web v1 9090', 'web v1 7070'),
    };
  },
};

const controllerRestart: Play = {
  name: 'controller-restart',
  what: 'Gatehouse is restarted in the middle of rolling updates, 30 s of preStop: SIGTERM, then kill -9',
  set: async (rig, shop) => {
    // If Gatehouse is down for longer than a pod's termination, targets of ended pods remain.
    const web = await shop.deploy('web', { graceMs: 30_000 });
    const away: string[] = [];
    await shop.open([httpRoute(shop.ns, 'web', ['gw'], ['web'])]);
    return {
      isRight: oneOf('web v1 8080', 'web v2 8080', 'web v3 8080'),
      act: async () => {
        for (const [version, signal] of [
          ['v2', 'SIGTERM'],
          ['v3', 'SIGKILL'],
        ] as const) {
          const rolled = web.roll(version);
          await sleep(500);
          const from = performance.now();
          await rig.restart({ signal });
          away.push(`after ${signal} Gatehouse was back within ${((performance.now() - from) / 1000).toFixed(1)} s`);
          await rolled;
        }
      },
      judge: allSeen('web v2 8080', 'web v3 8080'),
      notes: () => away,
    };
  },
};

/** How long pods still serve after they begin to terminate, in milliseconds. */
const graces = [5000, 2000, 1000, 500, 200, 0] as const;
/** Less than this is too short for AWS: a deregistered target gets requests for some more seconds. */
const fairGraceMs = 5000;

const shortestGrace: Scenario<Rig> = {
  name: 'shortest-grace',
  what: `rolling updates with ever shorter preStop hooks: ${graces.map((ms) => `${ms / 1000} s`).join(', ')}`,
  run: async (rig) => {
    const shop = await openShop(rig, 'grace');
    const web = await shop.deploy('web');
    await shop.open([httpRoute(shop.ns, 'web', ['gw'], ['web'])]);
    const failures: string[] = [];
    const notes: string[] = [];
    let requests = 0;
    for (const graceMs of graces) {
      const traffic = shop.traffic({ perSecond, isRight: (answer) => answer.startsWith('web ') });
      await web.roll(`after-${graceMs}`, graceMs);
      await sleep(calmMs);
      const report = await traffic.stop();
      requests += report.requests;
      notes.push(`${graceMs / 1000} s: ${report.failures.length} of ${report.requests} requests failed`);
      if (graceMs >= fairGraceMs) failures.push(...report.failures);
    }
    const leaks = await close(rig, shop);
    return { count: `${requests.toLocaleString('en')} requests`, failures, duplicates: [], leaks, notes };
  },
};

export const steadyTraffic = family(startServingRig, [
  ...[rollingUpdate, weights, certificate, servicePort, controllerRestart].map(scenarioOf),
  shortestGrace,
]);
