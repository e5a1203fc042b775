import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish } from '../../gateway/steps.ts';
import { portOf, route } from '../../gateway/testing/sample.ts';
import type { PortTopology } from '../../gateway/topology.ts';
import { type ListenerRoom, withListenerRoom } from './listener-room.ts';

interface Sketch {
  /** `namespace/set/name` for a listener of a ListenerSet. */
  readonly name: string;
  readonly precedence?: number;
  readonly port: number;
  readonly kind?: 'tcp' | 'udp';
}

const portsOf = (sketches: readonly Sketch[]): readonly PortTopology[] =>
  [...Map.groupBy(sketches, ({ port, kind = 'tcp' }) => `${kind}/${port}`).values()].map((listeners) => {
    const [{ port, kind } = { port: 0 }] = listeners;
    const named = listeners.map(({ name, precedence }) => ({ name, ...(precedence && { precedence }), routes: [] }));
    return portOf({ port, serves: { kind: kind ?? 'tcp' } }, named, []);
  });

const fit = (sketches: readonly Sketch[], room: ListenerRoom) =>
  finish(withListenerRoom({ ports: portsOf(sketches), routes: [] }, room));

const namesOf = (ports: readonly PortTopology[]): readonly string[] =>
  ports.flatMap(({ listeners }) => listeners.map(({ name }) => name));

const left = (sketches: readonly Sketch[], room: ListenerRoom): readonly string[] => namesOf(fit(sketches, room).ports);

const of = (namespace: string, precedence: number, ports: readonly number[]): readonly Sketch[] =>
  ports.map((port) => ({ name: `${namespace}/set-${precedence}/p${port}`, precedence, port }));

const own = [{ name: 'own', port: 443 }];

test('the own listeners need no room, and the oldest ListenerSet comes first', () => {
  const sketches = [...own, ...of('a', 2, [443]), ...of('a', 1, [443])];
  const limits = { listeners: 1, ports: 0 };
  expect(left(sketches, { limits })).toEqual(['own', 'a/set-1/p443']);
  expect(left(sketches, { limits: { listeners: 2, ports: 0 } })).toEqual(namesOf(portsOf(sketches)));
});

test('a port of the Gateway needs no room, nor does a second listener on a port, and UDP is another port', () => {
  const udp = { name: 'a/set-3/udp', precedence: 3, port: 1, kind: 'udp' } as const;
  const sketches = [...own, ...of('a', 1, [443, 1]), ...of('a', 2, [1, 2]), udp];
  const { ports, problems } = fit(sketches, { limits: { listeners: 9, ports: 1 } });
  expect(namesOf(ports)).toEqual(['own', 'a/set-1/p443', 'a/set-1/p1', 'a/set-2/p1']);
  expect(problems).toEqual([
    { kind: 'too-many-ports', listener: 'a/set-2/p2', field: 'port', limit: 1 },
    { kind: 'too-many-ports', listener: 'a/set-3/udp', field: 'port', limit: 1 },
  ]);
});

test('a listener that serves stays, though an older ListenerSet wants its room', () => {
  const sketches = [...of('a', 1, [1, 2]), ...of('a', 2, [3])];
  const serving = new Set(['a/set-2/p3']);
  expect(left(sketches, { limits: { listeners: 2, ports: 9 }, serving })).toEqual(['a/set-1/p1', 'a/set-2/p3']);
});

test('a namespace has its share, though an older ListenerSet of another wants all', () => {
  const sketches = [...of('a', 1, [1, 2, 3, 4]), ...of('b', 2, [5, 6, 7])];
  const half = ['a/set-1/p1', 'a/set-1/p2', 'b/set-2/p5', 'b/set-2/p6'];
  expect(left(sketches, { limits: { listeners: 4, ports: 9 } })).toEqual(half);
  expect(left(sketches, { limits: { listeners: 9, ports: 4 } })).toEqual(half);
});

test('a new listener takes no room of those that serve beyond their share', () => {
  const sketches = [...of('a', 1, [1, 2, 3, 4]), ...of('b', 2, [5])];
  const serving = new Set(of('a', 1, [1, 2, 3, 4]).map(({ name }) => name));
  expect(left(sketches, { limits: { listeners: 4, ports: 9 }, serving })).not.toContain('b/set-2/p5');
});

test('routes of listeners without room are left out, unless another listener has them', () => {
  const [lost, kept] = [route('lost', [{}]), route('kept', [{}])];
  const ports = [
    portOf({ port: 1, serves: { kind: 'http', tls: false } }, [{ name: 'own' }], [kept]),
    portOf({ port: 2, serves: { kind: 'http', tls: false } }, [{ name: 'a/b/c', precedence: 1 }], [kept, lost]),
  ];
  const routes = [kept, lost];
  const { ports: served, ...rest } = finish(
    withListenerRoom({ ports, routes }, { limits: { listeners: 0, ports: 9 } }),
  );
  expect(served).toEqual(ports.slice(0, 1));
  expect(rest).toEqual({
    routes: [kept],
    problems: [{ kind: 'too-many-listeners', listener: 'a/b/c', field: '', limit: 0 }],
  });
});

const sketches = fc
  .uniqueArray(
    fc.record({
      namespace: fc.constantFrom('a', 'b', 'c'),
      set: fc.integer({ min: 1, max: 6 }),
      port: fc.integer({ min: 1, max: 12 }),
      serves: fc.boolean(),
    }),
    { selector: ({ set, port }) => `${set} ${port}`, maxLength: 40 },
  )
  .map((all) => {
    // Each ListenerSet has one namespace.
    const namespaces = new Map(all.map(({ set, namespace }) => [set, namespace]));
    const listeners = all.flatMap(({ set, port }) => of(namespaces.get(set) ?? '', set, [port]));
    return { listeners, serving: new Set(listeners.filter((_, index) => all[index]?.serves).map(({ name }) => name)) };
  });

const limits = fc.record({ listeners: fc.integer({ min: 0, max: 40 }), ports: fc.integer({ min: 0, max: 12 }) });

test('what fits keeps the limits, stays when it serves, and leaves each namespace its share', () => {
  fc.assert(
    fc.property(sketches, limits, ({ listeners, serving }, limit) => {
      const all = [...own, ...listeners];
      const { ports, problems } = fit(all, { limits: limit, serving });
      const fitting = new Set(namesOf(ports));
      expect(fitting.size + problems.length).toBe(all.length);
      expect(fitting).toContain('own');
      expect(fitting.size - 1).toBeLessThanOrEqual(limit.listeners);
      expect(ports.filter(({ port }) => port !== 443).length).toBeLessThanOrEqual(limit.ports);

      // Once all that fit serve, and nothing else is new, nothing changes.
      expect(new Set(left(all, { limits: limit, serving: fitting }))).toEqual(fitting);

      const namespaces = Map.groupBy(listeners, ({ name }) => name.split('/', 1)[0]);
      for (const those of namespaces.values()) {
        const isWithin =
          those.length <= limit.listeners / namespaces.size &&
          new Set(those.map(({ port }) => port)).size <= limit.ports / namespaces.size;
        // Others that serve beyond their share may keep new listeners out, but not those that serve.
        const kept = those.filter(({ name }) => isWithin && (serving.has(name) || serving.size === 0));
        expect([...fitting]).toEqual(expect.arrayContaining(kept.map(({ name }) => name)));
      }

      // What serves and fits loses nothing to new listeners of the same namespaces.
      const standing = listeners.filter(({ name }) => fitting.has(name));
      const before = new Set(standing.map(({ name }) => name));
      const joined = [...standing, ...of('a', 0.5, [20, 21, 22])];
      expect(left(joined, { limits: limit, serving: before })).toEqual(expect.arrayContaining([...before]));
    }),
  );
});
