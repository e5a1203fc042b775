// Which certificate a client gets, by AWS's rules and by the Gateway API's.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CertificateKey, CertificateSource, ListenerTopology, PortTopology } from '../../gateway/topology.ts';
import { objectKey } from '../../kube/object.ts';
import { type ChosenCertificates, certificateId, chooseCertificates } from './certificates.ts';
import { sourceKey } from './sni.ts';
import type { StandingCertificates } from './standing.ts';

type Secret = Extract<CertificateSource, { kind: 'secret' }>;

const secret = (
  name: string,
  domainNames: readonly string[],
  key: CertificateKey = { type: 'RSA', bits: 2048 },
): Secret => ({
  kind: 'secret',
  secret: objectKey({ namespace: 'shop', name }),
  certificate: { fingerprint: name, key, domainNames, notAfter: '2027-01-01T00:00:00Z' },
});

const listener = (hostname: string | undefined, certificates: readonly CertificateSource[], precedence = 0) => ({
  name: hostname ?? 'any',
  ...(hostname !== undefined && { hostname }),
  ...(precedence > 0 && { precedence }),
  certificates,
  tlsOptions: {},
  routes: [],
});

const onPort = (...listeners: readonly ListenerTopology[]): PortTopology => ({
  port: 443,
  serves: { kind: 'http' as const, tls: true },
  listeners,
});

const none = new Map<number, StandingCertificates>();

function chosen(port: PortTopology, limit = 25, standing: ReadonlyMap<number, StandingCertificates> = none) {
  const { chosen: byPort, problems } = chooseCertificates([port], limit, standing);
  const found = byPort.get(port);
  if (found === undefined) throw new Error('Expected certificates');
  const names = (sources: readonly CertificateSource[]) => sources.map((source) => sourceKey(source).split('/').at(-1));
  return {
    found,
    defaultCertificate: names([found.defaultCertificate])[0],
    listed: names(found.listed),
    leftOut: problems.flatMap((problem) => ('listener' in problem ? problem.listener : [])),
  };
}

/** As what a pass left in AWS. */
const standing = ({ defaultCertificate, listed }: ChosenCertificates): ReadonlyMap<number, StandingCertificates> => {
  const served = (source: CertificateSource) =>
    source.kind === 'secret'
      ? { arn: `arn:${source.secret}`, certificate: certificateId(source) }
      : { arn: source.reference };
  return new Map([[443, { defaultCertificate: served(defaultCertificate), listed: listed.map(served) }]]);
};

const has = ({ certificate }: Secret, name: string): boolean =>
  certificate.domainNames.includes(name) || certificate.domainNames.includes(`*${name.slice(name.indexOf('.'))}`);

/** What an ALB may show a client that asks for `name`: of the list the very name, then a wildcard; else the default one. */
function shown({ defaultCertificate, listed }: ChosenCertificates, name: string): readonly string[] {
  const secrets = listed.filter((source) => source.kind === 'secret');
  const exact = secrets.filter(({ certificate }) => certificate.domainNames.includes(name));
  const matching = exact.length > 0 ? exact : secrets.filter((source) => has(source, name));
  return (matching.length > 0 ? matching : [defaultCertificate]).map(sourceKey);
}

/** The Gateway API: the listener with the longest hostname that matches. */
function listenerFor({ listeners }: PortTopology, name: string): ListenerTopology | undefined {
  const length = ({ hostname }: ListenerTopology) => (hostname === name ? 1000 : (hostname?.length ?? 0));
  const matches = ({ hostname }: ListenerTopology) =>
    hostname === undefined || hostname === name || (hostname.startsWith('*.') && name.endsWith(hostname.slice(1)));
  return listeners.filter(matches).toSorted((a, b) => length(b) - length(a))[0];
}

test('an exact host beside its wildcard gets its own certificate, also where that is the default one', () => {
  const own = secret('shop', ['shop.example.org']);
  const wild = secret('wild', ['*.example.org']);
  const port = onPort(listener('shop.example.org', [own]), listener('*.example.org', [wild]));
  const { found, defaultCertificate, listed } = chosen(port);
  expect([defaultCertificate, listed]).toEqual(['shop', ['shop', 'wild']]);
  expect(shown(found, 'shop.example.org')).toEqual(['shop/shop']);
  expect(shown(found, 'other.example.org')).toEqual(['shop/wild']);
});

test('a default certificate whose names nobody takes costs no place in the list', () => {
  const port = onPort(
    listener('*.example.org', [secret('wild', ['*.example.org'])]),
    listener('shop.example.org', [secret('shop', ['shop.example.org'])]),
    listener('a.example.net', [secret('net', ['a.example.net'])]),
  );
  expect(chosen(port)).toMatchObject({ defaultCertificate: 'wild', listed: ['net', 'shop'] });
});

test('of two kinds of keys for one host both can be chosen', () => {
  const port = onPort(
    listener('shop.example.org', [
      secret('rsa', ['shop.example.org']),
      secret('ecdsa', ['shop.example.org'], { type: 'EC', curve: 'prime256v1' }),
    ]),
  );
  expect(chosen(port)).toMatchObject({ defaultCertificate: 'rsa', listed: ['ecdsa', 'rsa'] });
});

test('certificates that are known by their ARN only may have any name', () => {
  const arn = (id: string): CertificateSource => ({ kind: 'external', reference: `arn:${id}` });
  const port = onPort(listener('a.example.org', [arn('a')]), listener('b.example.org', [arn('b')]));
  expect(chosen(port).listed).toEqual(['arn:a', 'arn:b']);
});

test('a listener that is added changes no default certificate, wherever it comes', () => {
  const main = listener('shop.example.org', [secret('main', ['shop.example.org'])]);
  const tenant = listener('a.shop.example.org', [secret('tenant', ['a.shop.example.org'])]);
  const { found } = chosen(onPort(main));
  expect(chosen(onPort(tenant, main), 25, standing(found)).defaultCertificate).toBe('main');
  expect(chosen(onPort(main, tenant)).defaultCertificate).toBe('main');
});

test('at the limit what serves stays, and the newcomer is left out alone, whoever is first', () => {
  const each = (n: number, precedence: number) =>
    listener(`h${n}.example.org`, [secret(`c${n}`, [`h${n}.example.org`])], precedence);
  const { found, listed } = chosen(onPort(each(0, 1), each(1, 1), each(2, 1)), 2);
  expect(listed).toEqual(['c1', 'c2']);
  const after = chosen(onPort(each(9, 0), each(0, 1), each(1, 1), each(2, 1)), 2, standing(found));
  expect(after).toMatchObject({ defaultCertificate: 'c0', listed: ['c1', 'c2'], leftOut: ['h9.example.org'] });
});

test('one that would take the default certificate’s names is left out where that finds no room beside it', () => {
  const own = listener('shop.example.org', [secret('shop', ['shop.example.org'])]);
  const wild = listener('*.example.org', [secret('wild', ['*.example.org'])]);
  const other = listener('a.example.net', [secret('net', ['a.example.net'])]);
  expect(chosen(onPort(own, wild, other), 1)).toMatchObject({ listed: ['net'], leftOut: ['*.example.org'] });
});

const hostname = fc.constantFrom('a.x.org', 'b.x.org', '*.x.org', 'c.a.x.org', '*.a.x.org', '*.org', undefined);
const domainName = fc.constantFrom('a.x.org', 'b.x.org', '*.x.org', 'c.a.x.org', '*.a.x.org', 'd.a.x.org');
const clientNames = ['a.x.org', 'b.x.org', 'z.x.org', 'c.a.x.org', 'd.a.x.org', 'z.a.x.org', 'y.z.a.x.org', 'z.org'];
const ports = fc
  .uniqueArray(
    fc.record({
      hostname,
      names: fc.array(fc.uniqueArray(domainName, { minLength: 1 }), { minLength: 1, maxLength: 2 }),
    }),
    {
      selector: (each) => each.hostname,
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((listeners) =>
    onPort(
      ...listeners.map((each, n) =>
        listener(
          each.hostname,
          each.names.map((names, m) => secret(`${n}-${m}`, names)),
        ),
      ),
    ),
  );

test('a client gets all certificates of its own listener to choose from, unless another listener’s are more exact', () => {
  fc.assert(
    fc.property(ports, fc.constantFrom(...clientNames), (port, name) => {
      const isExact = ({ certificate }: Secret) => certificate.domainNames.includes(name);
      const secretsOf = ({ certificates }: ListenerTopology) =>
        certificates.filter((source) => source.kind === 'secret');
      const own = listenerFor(port, name);
      const mine = own === undefined ? [] : secretsOf(own).filter((source) => has(source, name));
      const others = port.listeners.filter((each) => each !== own).flatMap(secretsOf);
      fc.pre(mine.length > 0 && (mine.some(isExact) || !others.some(isExact)));
      const best = mine.some(isExact) ? mine.filter(isExact) : mine;
      // An ALB knows nothing of the Gateway's listeners: those of another that are as exact are chosen from, too.
      const rivals = others.filter((source) => (mine.some(isExact) ? isExact(source) : has(source, name)));
      const result = shown(chosen(port).found, name);
      expect(result).toEqual(expect.arrayContaining(best.map(sourceKey)));
      expect([...best, ...rivals].map(sourceKey)).toEqual(expect.arrayContaining([...result]));
    }),
  );
});

test('what serves is chosen again, in whatever order the listeners come', () => {
  fc.assert(
    fc.property(ports, fc.integer({ min: 0, max: 8 }), fc.nat(), (port, limit, seed) => {
      const before = chosen(port, limit);
      const turned = port.listeners.map(
        (_, n) => port.listeners.at((n + seed) % port.listeners.length) ?? listener(undefined, []),
      );
      const after = chosen({ ...port, listeners: turned }, limit, standing(before.found));
      expect(after.defaultCertificate).toBe(before.defaultCertificate);
      expect(after.listed).toEqual(
        expect.arrayContaining(before.listed.filter((name) => name !== before.defaultCertificate)),
      );
    }),
  );
});
