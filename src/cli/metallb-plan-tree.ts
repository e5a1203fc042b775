// A plan on MetalLB as a tree: Envoy's listeners with their routes in order of precedence, and the clusters.
import type { RouteEntry } from '../gateway/topology.ts';
import { changeWords, entryWords } from './entry-words.ts';
import type { PlannedOnMetallb, PlannedPort } from './planned-on-metallb.ts';
import { type Branch, drawn } from './tree.ts';

export function metallbPlanLines({ model, assumedSecrets }: PlannedOnMetallb): readonly string[] {
  if (model === undefined) return [];
  const { ports, clusters } = model;
  if (ports.length === 0) return ['└─ no address: no listener can be served'];
  const assumed = new Set(assumedSecrets);
  return drawn([
    {
      lines: ['Envoy'],
      branches: [
        ...ports.map((port) => portBranch(port, assumed)),
        {
          lines: ['clusters'],
          branches: clusters.map(({ service, port, protocol }) => ({
            lines: [`Service ${service}:${port}: ${protocol}`],
          })),
        },
      ],
    },
  ]);
}

function portBranch({ protocol, port, certificates, entries }: PlannedPort, assumed: ReadonlySet<string>): Branch {
  const names = certificates.map((secret) => `Secret ${secret}${assumed.has(secret) ? ' (assumed to exist)' : ''}`);
  return {
    lines: [`${protocol} :${port}`, ...(names.length === 0 ? [] : [`certificates: ${names.join(', ')}`])],
    branches: [...entries.map((entry, index) => entryBranch(entry, index + 1)), { lines: ['otherwise → answer 404'] }],
  };
}

const entryBranch = ({ source, ...entry }: RouteEntry, order: number): Branch => ({
  lines: [
    `${order}. ${entryWords(entry)}`,
    ...changeWords(entry.action),
    ...(source.kind === 'rule'
      ? [`${source.route.kind} ${source.route.key}, rule ${source.ruleName ?? source.rule}`]
      : []),
  ],
});
