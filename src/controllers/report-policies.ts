// Writes what a Gateway says in the statuses of BackendTLSPolicies, also of policies that it no longer uses.
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Findings } from '../status/findings.ts';
import { type ReportContext, reportPolicy } from '../status/report.ts';
import { eachEnded } from './all-ended.ts';
import type { GatewayContext } from './gateway-context.ts';

/** Ends when all statuses are written or refused, so that no write continues after the pass. */
export async function reportPolicies(
  context: ReportContext & Pick<GatewayContext, 'caches'>,
  gateway: ObjectKey,
  findings: Pick<Findings, 'policies' | 'ofPolicy'>,
  signal: AbortSignal,
): Promise<void> {
  const { controllerName } = context;
  const { backendTlsPolicies } = context.caches;
  const results = new Map(findings.policies.map((result) => [result.policy, result]));
  const mentioned = backendTlsPolicies.byIndex('gateway', gateway).map(({ metadata }) => objectKey(metadata));
  await eachEnded(new Set([...results.keys(), ...mentioned]), async (key) => {
    const policy = backendTlsPolicies.get(key);
    if (policy === undefined) return;
    const result = results.get(key);
    const outcome = { gateway, controllerName, ...(result && { result }), findings: findings.ofPolicy(key) };
    await reportPolicy(context, policy, outcome, signal);
  });
}
