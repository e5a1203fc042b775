// The results on Envoy beside their limits, and beside what others have published: howardjohn/gateway-api-bench, 2025, on 16 cores
// of a Ryzen 9950X.
import { describeMs, type Spread } from '../spread.ts';
import { factRow, held, type Row } from '../table.ts';
import type { Attached } from './attached.ts';
import type { Flips } from './flips.ts';
import type { Cost, Load } from './load.ts';
import type { Propagation } from './propagation.ts';

export const published = 'published';

const maxAttached = { seconds: 5, writes: 50 } as const;
const maxWhole = { median: 40, p99: 150 } as const;
const maxOwn = { median: 20, p99: 80 } as const;

export const attachedRows = ({ routes, up, creating, down, writes }: Attached): readonly Row[] => [
  held(
    `(a) ${routes} routes on one Gateway, until attachedRoutes is right`,
    `${up.toFixed(1)} s after the last of them (creating took ${creating.toFixed(1)} s)`,
    `${maxAttached.seconds} s`,
    up <= maxAttached.seconds,
    'Istio 2 s, kgateway 12 s, Envoy Gateway 23 s',
  ),
  held(
    '  all deleted, until it is 0',
    `${down.toFixed(1)} s`,
    `${maxAttached.seconds} s`,
    down <= maxAttached.seconds,
    'kgateway 16 s, Istio 20 s, Envoy Gateway 45 s',
  ),
  held(
    "  writes of the Gateway's status",
    `${writes}`,
    `${maxAttached.writes}`,
    writes <= maxAttached.writes,
    'Istio 311, kgateway 323, Envoy Gateway 1,383',
  ),
];

const spreadRow = (
  scenario: string,
  spread: Spread,
  max: { readonly median: number; readonly p99: number },
  peer = '',
) =>
  held(
    scenario,
    describeMs(spread),
    `${max.median} ms, ${max.p99} ms`,
    spread.median <= max.median && spread.p99 <= max.p99,
    peer,
  );

const errorsRow = (errors: readonly string[], peer = ''): Row =>
  held('  wrong answers', [`${errors.length}`, ...errors.slice(0, 3)].join('; '), '0', errors.length === 0, peer);

const shareRows = ({ own, server, prober }: Propagation): readonly Row[] => [
  spreadRow('  of it Gatehouse and Envoy, from the watch event', own, maxOwn),
  factRow('  of it the API server, from the write to the watch event', describeMs(server)),
  factRow('  the prober alone, for an answer of the same Envoy', describeMs(prober)),
];

export const growthRows = (routes: number, growth: Propagation): readonly Row[] => [
  spreadRow(
    `(b) routes one by one to ${routes}, from the write to the first 200`,
    growth.whole,
    maxWhole,
    'agentgateway 10–30 ms, Istio 120–300 ms, Envoy Gateway 600 ms',
  ),
  ...shareRows(growth),
  errorsRow(growth.errors, 'Envoy Gateway 14,808'),
];

export const changeRows = (routes: number, change: Propagation): readonly Row[] => [
  spreadRow(`(b) one of ${routes} routes changes, to the first new answer`, change.whole, maxWhole),
  ...shareRows(change),
  errorsRow(change.errors),
];

export const flipsRow = ({ flips, answers, wrong }: Flips): Row =>
  held(
    `(c) backend and filter change every 200 ms, ${flips} times, under traffic`,
    [`${answers} answers, ${wrong.length} not 200`, ...wrong.slice(0, 3)].join('; '),
    '0',
    wrong.length === 0,
    'no other answer: Istio, kgateway, agentgateway; some: Envoy Gateway, NGINX, Cilium',
  );

const describeCost = ({ usage, busy }: Cost): string =>
  `${usage.residentMiB.toFixed(0)} MiB resident (peak ${usage.peakMiB.toFixed(0)}), ${(100 * busy).toFixed(1)} % of a core`;

export const loadRows = ({ routes, gatehouse, envoy, changes, errors }: Load, peer = ''): readonly Row[] => [
  factRow(`(d) ${routes} routes in 50 namespaces, a change every second: Gatehouse`, describeCost(gatehouse)),
  factRow('  Envoy', describeCost(envoy)),
  { ...factRow('  from the write of a change to the first new answer', describeMs(changes)), peer },
  errorsRow(errors),
];

export const newPodRow = (routes: number, spread: Spread): Row =>
  factRow(`(e) a pod more, beside ${routes} routes: from its EndpointSlice to its first request`, describeMs(spread));
