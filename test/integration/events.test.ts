// The Events of a Gateway in `kubectl describe`: Normal or Warning, and none twice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsIn } from './support/events.ts';
import { eventually } from './support/eventually.ts';
import { type Rig, startRig, untilQuiet } from './support/gatehouse.ts';
import { gateway, http, httpRoute, https } from './support/objects.ts';
import { programmed, waitForCondition } from './support/status.ts';
import { tlsSecret } from './support/tls.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

/** Expects exactly these Events. */
const toBe = (ns: string, wanted: readonly unknown[]): Promise<void> =>
  eventually(async () => {
    const all = await eventsIn(rig, ns);
    expect(all).toEqual(expect.arrayContaining([...wanted]));
    expect(all).toHaveLength(wanted.length);
  });

test('a missing Secret of a listener makes one Event, at creation and when the Secret is deleted again', async () => {
  const ns = await rig.freshNamespace('events');
  await rig.backend(ns, 'web');
  const gw = gateway(ns, 'gw', [http(), https(['site'], { hostname: 'example.com' })]);
  await rig.apply([gw, httpRoute(ns, 'web', ['gw'], ['web'])]);
  await programmed(rig, gw);
  const made = [
    expect.stringMatching(
      /^Gateway Normal Pending 1: (The load balancer does not exist yet|AWS is still provisioning the load balancer)/,
    ),
    expect.stringMatching(
      /^Gateway Warning InvalidCertificateRef 1: spec\.listeners\["https"\].*Secret events-\d+\/site does not exist/,
    ),
    expect.stringMatching(/^Gateway Normal Programmed 1: The load balancer is active\.$/),
  ];
  await toBe(ns, made);
  const secret = await tlsSecret(ns, 'site', ['example.com']);
  await rig.apply([secret]);
  await waitForCondition(rig, gw, 'gatehouse.dev/UpToDate', 'True');
  const mended = [...made, 'Gateway Normal ResolvedRefs 1: Listener "https": All references are resolved.'];
  await toBe(ns, mended);
  await untilQuiet(rig);
  await rig.remove([secret]);
  const lost = [
    ...mended,
    expect.stringMatching(
      /^Gateway Warning InvalidCertificateRef 1: .* The certificate that was imported from it before still serves\.$/,
    ),
  ];
  await toBe(ns, lost);
  await rig.restart();
  await untilQuiet(rig);
  await toBe(ns, lost);
});
