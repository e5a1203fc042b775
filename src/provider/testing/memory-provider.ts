// A provider whose other side is a map. The passes have their unit tests on it, and it is the contract's smallest example.

import { supportedFeatures } from '../../gateway/features.ts';
import type { Problem } from '../../gateway/problem.ts';
import { routeId } from '../../gateway/route-id.ts';
import { shortfalls, withShortfalls } from '../../gateway/shortfalls.ts';
import type { Capabilities, RouteTopology, Topology } from '../../gateway/topology.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { apiFinding } from '../../status/api-findings.ts';
import type { ProviderContext } from '../context.ts';
import { ProviderError } from '../error.ts';
import { type Finding, ofGateway } from '../finding.ts';
import type { Applied, Provider, Removed } from '../provider.ts';
import { inventedWords } from './invented.ts';

/** What a Gateway has on the other side. */
export interface Made {
  /** By port: the Services behind it. */
  readonly ports: Map<number, readonly ObjectKey[]>;
  /** By Service: the addresses of its pods. */
  readonly members: Map<ObjectKey, readonly string[]>;
}

/** The other side. It outlives every process. */
export class MemoryWorld {
  readonly gateways = new Map<ObjectKey, Made>();
  readonly writes: string[] = [];
  /** Until then nothing serves. */
  isProvisioned = true;
  /** What the next write of begins with that is refused. */
  refuses: string | undefined;

  write(what: string, change: () => void): void {
    if (this.refuses !== undefined && what.startsWith(this.refuses)) {
      this.refuses = undefined;
      throw new ProviderError(`${what} was refused`);
    }
    this.writes.push(what);
    change();
  }
}

/** By port: the Services behind it. */
type MemoryModel = ReadonlyMap<number, readonly ObjectKey[]>;

export interface MemoryOptions {
  readonly world: MemoryWorld;
  /** Of several providers in one test. */
  readonly name?: string;
  readonly context: Pick<ProviderContext, 'sources' | 'isLeader'>;
}

export function memoryProvider({
  world,
  name = 'memory',
  context,
}: MemoryOptions): Provider<Topology, object, MemoryModel> {
  const write = (what: string, change: () => void): void => {
    if (!context.isLeader()) throw new ProviderError('The lease is lost');
    world.write(what, change);
  };
  const podsOf = (service: ObjectKey): readonly string[] =>
    context.sources
      .endpointSlicesOf(service)
      .flatMap(({ endpoints }) => (endpoints ?? []).flatMap((each) => each.addresses));

  const bringMembers = (gateway: ObjectKey, { members }: Made, wanted: Iterable<ObjectKey>): void => {
    for (const service of wanted) {
      const pods = podsOf(service);
      if (String(members.get(service)) === String(pods)) continue;
      write(`members of ${service} for ${gateway}`, () => members.set(service, pods));
    }
  };

  /** What is behind a port goes before it, and stays until it has gone. */
  const bring = (gateway: ObjectKey, model: MemoryModel): readonly Finding[] => {
    if (!world.gateways.has(gateway)) {
      write(`address of ${gateway}`, () => world.gateways.set(gateway, { ports: new Map(), members: new Map() }));
    }
    const made = madeOf(world, gateway);
    const services = new Set([...model.values()].flat());
    bringMembers(gateway, made, services);
    const found = [...model].flatMap(([port, behind]) => {
      if (String(made.ports.get(port)) === String(behind)) return [];
      return findingsOf(port, () => write(`port ${port} of ${gateway}`, () => made.ports.set(port, behind)));
    });
    for (const port of made.ports.keys()) {
      if (!model.has(port)) write(`no port ${port} of ${gateway}`, () => made.ports.delete(port));
    }
    for (const service of made.members.keys()) {
      if (!services.has(service)) write(`no members of ${service} for ${gateway}`, () => made.members.delete(service));
    }
    return found;
  };

  return {
    name,
    controllerName: `example.com/${name}`,
    finalizer: `example.com/${name}`,
    capabilities,
    words: inventedWords,
    supportedFeatures: supportedFeatures(capabilities, {}),
    checkClass: () => [],
    certificates: {
      learn: async () => [],
      imported: () => undefined,
      certificateOwner: () => ({ kind: 'absent' }),
    },
    ready: async () => [],
    facts: async () => ({ facts: {}, found: [] }),
    // oxlint-disable-next-line require-yield -- it is short
    *narrow(_, { topology, ...translation }) {
      const { routes, problems } = within(topology?.routes ?? []);
      const all = [...translation.problems, ...problems];
      const found = all.map((problem) => apiFinding(problem, inventedWords));
      const asked = { ...translation, found };
      return topology === undefined ? asked : { ...asked, topology: { ...topology, routes } };
    },
    // oxlint-disable-next-line require-yield -- it is short
    *model({ topology }) {
      return { model: behindPorts(topology), found: [], retryable: [] };
    },
    apply: async (gateway, { model }) => {
      const made = world.gateways.get(gateway);
      if (model !== undefined) return applied(bring(gateway, model));
      if (made !== undefined) bringMembers(gateway, made, made.members.keys());
      return applied([]);
    },
    standing: (gateway, model) => {
      const made = world.gateways.get(gateway);
      const serves = made !== undefined && world.isProvisioned;
      return {
        addresses: made === undefined ? [] : [{ type: 'Hostname', value: `${gateway.replace('/', '.')}.example.com` }],
        ports: new Set(serves ? made.ports.keys() : []),
        admits: serves,
        waiting: serves ? '' : 'It is being made.',
        complete: serves && model !== undefined && [...model.keys()].every((port) => made.ports.has(port)),
        found: [],
        backendsUnknown: () => model === undefined,
        isProvisioning: made !== undefined && !world.isProvisioned,
      };
    },
    remove: async (gateway) => {
      const made = world.gateways.get(gateway);
      if (made === undefined) return gone;
      for (const port of made.ports.keys()) write(`no port ${port} of ${gateway}`, () => made.ports.delete(port));
      write(`no address of ${gateway}`, () => world.gateways.delete(gateway));
      return gone;
    },
    forget: () => undefined,
    endpoints: async (service) => {
      for (const [gateway, made] of world.gateways) {
        if (made.members.has(service)) bringMembers(gateway, made, [service]);
      }
      return applied([]);
    },
    servicesOnNodes: () => [],
    exclusive: (_, pass) => pass(),
    run: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    close: async () => undefined,
  };
}

const capabilities: Capabilities = {
  protocols: ['HTTP', 'HTTPS'],
  http: {
    filters: ['RequestRedirect'],
    backendFilters: [],
    backendRewrites: false,
    redirectStatusCodes: [301, 302, 303, 307, 308],
    ruleFields: [],
    matches: ['path-exact', 'path-prefix', 'path-regex', 'header', 'header-regex', 'query', 'query-regex', 'method'],
    backendProtocols: ['HTTP1'],
  },
};

/** The routes without what can't be done, and what that is. */
function within(routes: readonly RouteTopology[]) {
  const problems: Problem[] = [];
  const able = routes.map((each) => {
    const rules = each.rules.map((rule) => {
      const found = shortfalls(rule, capabilities.http);
      problems.push(...found.map((shortfall) => ({ route: each.route, rule: rule.rule, ...shortfall })));
      return withShortfalls(rule, found);
    });
    return { ...each, rules };
  });
  return { routes: able, problems };
}

const applied = (found: readonly Finding[]): Applied => ({ found, behind: false });

const gone: Removed = { gone: true, found: [], held: [], behind: false };

function behindPorts({ ports, routes }: Topology): MemoryModel {
  const services = new Map(
    routes.map(({ route, rules }) => {
      const backends = rules.flatMap(({ action }) => (action.kind === 'forward' ? action.backends : []));
      return [routeId(route), backends.flatMap(({ service }) => service?.service ?? [])];
    }),
  );
  return new Map(
    ports.map(({ port, listeners }) => {
      const attached = listeners.flatMap((listener) => listener.routes.flatMap((key) => services.get(key) ?? []));
      return [port, [...new Set(attached)].toSorted()];
    }),
  );
}

function madeOf({ gateways }: MemoryWorld, gateway: ObjectKey): Made {
  const made = gateways.get(gateway);
  if (made === undefined) throw new Error(`Expected ${gateway} to have an address`);
  return made;
}

function findingsOf(port: number, work: () => void): readonly Finding[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const effect = { kind: 'hindrance', programmed: 'Invalid', upToDate: 'Refused', concerns: { port } } as const;
    return [ofGateway({ kind: 'write-refused' }, `${error.message}.`, effect)];
  }
}
