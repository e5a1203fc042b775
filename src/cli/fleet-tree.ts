// The Services and Envoys of a Gateway on MetalLB, as a tree.
import type { LiveEnvoy, LiveFleet, LiveService } from './live-fleet.ts';
import { type Mark, marked } from './marks.ts';
import type { Branch } from './tree.ts';

export function fleetBranches({ services, envoys }: LiveFleet): readonly Branch[] {
  const ready = envoys.filter(({ state }) => state === 'ready').length;
  return [
    ...services.map(serviceBranch),
    { lines: [`Envoys: ${ready} of ${envoys.length} ready`], branches: envoys.map(envoyBranch) },
  ];
}

function serviceBranch({ name, addresses, ports }: LiveService): Branch {
  const at = addresses.length === 0 ? 'no address yet' : addresses.join(', ');
  return {
    lines: [marked(addresses.length === 0 ? 'waiting' : 'good', `Service ${name} (${at}), ports ${ports.join(', ')}`)],
  };
}

const marks: Readonly<Record<LiveEnvoy['state'], Mark>> = { ready: 'good', 'not ready': 'waiting', ending: 'waiting' };

function envoyBranch({ pod, node, state, reason }: LiveEnvoy): Branch {
  const on = node === undefined ? '' : ` on ${node}`;
  return { lines: [marked(marks[state], `${pod}${on} ${state}${reason === undefined ? '' : `: ${reason}`}`)] };
}

/** Whether a Service has no address, or an Envoy is not ready. One that ends is not missed. */
export const isUnfinished = ({ services, envoys }: LiveFleet): boolean =>
  services.some(({ addresses }) => addresses.length === 0) || envoys.some(({ state }) => state === 'not ready');
