// The phases of a Gateway's life, in which Gatehouse is killed.

import type { KubeObject } from '../../localstack/cluster/apply.ts';
import { get } from '../../localstack/cluster/apply.ts';
import type { HttpRoute } from '../../src/api/gateway-api.ts';
import type { Condition } from '../../src/kube/object.ts';
import type { Rig } from '../integration/support/gatehouse.ts';
import { gatewayApi, readGateway } from '../integration/support/status.ts';
import { certificateOf } from './shop.ts';

/** The changes of the Gateway, one after the other. */
export const phaseNames = ['create', 'change', 'rotate', 'delete'] as const;
export type PhaseName = (typeof phaseNames)[number];

/** Clients, while something changes. */
interface Traffic {
  readonly stop: () => Promise<{ readonly failures: readonly string[] }>;
}

export interface Phase {
  readonly apply: () => Promise<unknown>;
  /** Checks the statuses, and everything that the picture lacks. @throws if something is not yet as expected */
  readonly settled: () => Promise<void>;
  /** Starts clients of the routes that exist before and after it. */
  readonly traffic?: () => readonly Traffic[];
}

export type Phases = Readonly<Record<PhaseName, Phase>>;

/** Requests per second while something changes: enough to see a gap, but little load. */
export const perSecond = 30;

/**
 * Checks that the Gateway `gw` is programmed, the routes are accepted, and ACM has the certificate.
 * @param routes `httproutes/NAME`
 */
export async function checkSettled(
  rig: Rig,
  ns: string,
  certificate: KubeObject,
  routes: readonly string[],
): Promise<void> {
  const found = await readGateway(rig, ns, 'gw');
  expectTrue(found?.status?.conditions ?? [], 'Programmed', found?.metadata.generation);
  for (const route of routes) {
    const { status, metadata } =
      (await get<Pick<HttpRoute, 'status' | 'metadata'>>(
        rig.cluster.admin,
        `${gatewayApi}/namespaces/${ns}/${route}`,
      )) ?? {};
    expectTrue(status?.parents?.[0]?.conditions ?? [], 'Accepted', metadata?.generation);
  }
  const imported = [...rig.aws.world().acm.certificates.values()].map(({ material }) =>
    material?.certificatePem.trim(),
  );
  if (!imported.includes(certificateOf(certificate).trim())) throw new Error('ACM does not have the certificate yet');
}

function expectTrue(conditions: readonly Condition[], type: string, generation: number | undefined): void {
  const found = conditions.find((condition) => condition.type === type);
  if (found?.status !== 'True' || found.observedGeneration !== generation)
    throw new Error(`Expected ${type}, got ${JSON.stringify(found)}`);
}

export async function checkGone(rig: Rig, ns: string): Promise<void> {
  if ((await readGateway(rig, ns, 'gw')) !== undefined) throw new Error('The Gateway is still there');
}
