// A provider whose other side is a map. The passes have their unit tests on it, and it is the contract's smallest example.

import type { Capabilities } from '../../gateway/capabilities.ts';
import { supportedFeatures } from '../../gateway/features.ts';
import { type PortKey, portKey } from '../../gateway/listener-protocols.ts';
import type { Problem } from '../../gateway/problem.ts';
import { routeId } from '../../gateway/route-id.ts';
import { shortfalls, withinPlane } from '../../gateway/shortfalls.ts';
import type { RouteTopology, Topology } from '../../gateway/topology.ts';
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
  readonly ports: Map<PortKey, readonly ObjectKey[]>;
  /** By Service: the addresses of its pods. */
  readonly members: Map<ObjectKey, readonly string[]>;
}

/** The other side. It outlives every process. */
export class MemoryWorld {
  readonly gateways = new Map<ObjectKey, Made>();
  readonly writes: string[] = [];
  /** Until then nothing serves. */
  isProvisioned = true;
  needsChange = false;
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
type MemoryModel = ReadonlyMap<PortKey, readonly ObjectKey[]>;

export interface MemoryOptions {
  readonly world: MemoryWorld;
  /** Of several providers in one test. */
  readonly name?: string;
  readonly context: Pick<ProviderContext, 'sources' | 'isLeader'>;
}

/** What a process writes to the other side. */
class Writer {
  readonly #world: MemoryWorld;
  readonly #context: MemoryOptions['context'];

  constructor(world: MemoryWorld, context: MemoryOptions['context']) {
    this.#world = world;
    this.#context = context;
  }

  /** What is behind a port is made before it, and goes after it. */
  apply(gateway: ObjectKey, model: MemoryModel): readonly Finding[] {
    const { gateways } = this.#world;
    if (!gateways.has(gateway)) {
      this.#write(`address of ${gateway}`, () => gateways.set(gateway, { ports: new Map(), members: new Map() }));
    }
    const made = madeOf(this.#world, gateway);
    const services = new Set([...model.values()].flat());
    this.setMembers(gateway, made, services);
    const found = [...model].flatMap(([port, behind]) => {
      if (String(made.ports.get(port)) === String(behind)) return [];
      return findingsOf(port, () => this.#write(`port ${port} of ${gateway}`, () => made.ports.set(port, behind)));
    });
    for (const port of made.ports.keys()) {
      if (!model.has(port)) this.#write(`no port ${port} of ${gateway}`, () => made.ports.delete(port));
    }
    for (const service of made.members.keys()) {
      if (services.has(service)) continue;
      this.#write(`no members of ${service} for ${gateway}`, () => made.members.delete(service));
    }
    return found;
  }

  setMembers(gateway: ObjectKey, { members }: Made, wanted: Iterable<ObjectKey>): void {
    for (const service of wanted) {
      const pods = this.#podsOf(service);
      if (String(members.get(service)) === String(pods)) continue;
      this.#write(`members of ${service} for ${gateway}`, () => members.set(service, pods));
    }
  }

  remove(gateway: ObjectKey, { ports }: Made): void {
    for (const port of ports.keys()) this.#write(`no port ${port} of ${gateway}`, () => ports.delete(port));
    this.#write(`no address of ${gateway}`, () => this.#world.gateways.delete(gateway));
  }

  #podsOf(service: ObjectKey): readonly string[] {
    const slices = this.#context.sources.endpointSlicesOf(service);
    return slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
  }

  #write(what: string, change: () => void): void {
    if (!this.#context.isLeader()) throw new ProviderError('The lease is lost');
    this.#world.write(what, change);
  }
}

export function memoryProvider({
  world,
  name = 'memory',
  context,
}: MemoryOptions): Provider<Topology, object, MemoryModel> {
  const writer = new Writer(world, context);
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
      configMap: () => undefined,
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
      if (model !== undefined) return applied(writer.apply(gateway, model));
      if (made !== undefined) writer.setMembers(gateway, made, made.members.keys());
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
        needsChange: world.needsChange,
      };
    },
    remove: async (gateway) => {
      const made = world.gateways.get(gateway);
      if (made !== undefined) writer.remove(gateway, made);
      return gone;
    },
    forget: () => undefined,
    endpoints: async (service) => {
      for (const [gateway, made] of world.gateways) {
        if (made.members.has(service)) writer.setMembers(gateway, made, [service]);
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
  certificateKeys: [{ type: 'RSA', bits: 2048 }],
  http: {
    filters: ['RequestRedirect'],
    backendFilters: [],
    backendRewrites: false,
    redirectStatusCodes: [301, 302, 303, 307, 308],
    ruleFields: [],
    matches: ['path-exact', 'path-prefix', 'path-regex', 'header', 'header-regex', 'query', 'query-regex', 'method'],
    backendProtocols: ['HTTP1'],
    backendTls: false,
  },
};

/** The routes without what can't be done, and what that is. */
function within(routes: readonly RouteTopology[]) {
  const problems: Problem[] = [];
  const able = routes.map((each) =>
    withinPlane(
      each,
      (rule) => shortfalls(rule, capabilities.http),
      (problem) => void problems.push(problem),
    ),
  );
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
    ports.map(({ port, serves, listeners }) => {
      const attached = listeners.flatMap((listener) => listener.routes.flatMap((key) => services.get(key) ?? []));
      return [portKey({ port, serves }), [...new Set(attached)].toSorted()];
    }),
  );
}

function madeOf({ gateways }: MemoryWorld, gateway: ObjectKey): Made {
  const made = gateways.get(gateway);
  if (made === undefined) throw new Error(`Expected ${gateway} to have an address`);
  return made;
}

function findingsOf(port: PortKey, work: () => void): readonly Finding[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const effect = {
      kind: 'hindrance',
      programmed: 'Invalid',
      upToDate: 'Refused',
      concerns: { ports: [port] },
    } as const;
    return [ofGateway({ kind: 'write-refused' }, `${error.message}.`, effect)];
  }
}
