import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { secrets } from '../../api/kinds.ts';
import { isAlreadyExists } from '../../kube/kube-error.ts';
import { objectKey } from '../../kube/object.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { MemoryClient } from '../../kube/testing/memory-client.ts';
import { AdsAuthority, type Trust } from './authority.ts';

const { signal } = new AbortController();
const dayMs = 24 * 3_600_000;
const secret = objectKey({ namespace: 'gatehouse-system', name: 'gatehouse-ads' });
const serverName = 'gatehouse-ads.gatehouse-system.svc';

function setup() {
  const client = new MemoryClient();
  const clock = new FakeClock();
  const replica = () => new AdsAuthority({ client, secret, serverName, clock });
  return { client, clock, replica };
}

const certificates = (pem: string): readonly X509Certificate[] =>
  (pem.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? []).map((each) => new X509Certificate(each));

/** The trusted certificates that issued the server's. */
const issuers = ({ authorities, server }: Trust): readonly X509Certificate[] => {
  const leaf = new X509Certificate(server.certificate);
  return certificates(authorities).filter((each) => leaf.checkIssued(each) && leaf.verify(each.publicKey));
};

async function trustOf(authority: AdsAuthority): Promise<Trust> {
  const trust = await authority.trust(signal);
  if (trust === undefined) throw new Error('Expected an authority');
  return trust;
}

test('two replicas have certificates of one authority, for the name of the service', async () => {
  const { replica } = setup();
  const [leader, follower] = [replica(), replica()];
  expect(await follower.trust(signal)).toBeUndefined();
  await leader.maintain(signal);
  const [first, second] = [await trustOf(leader), await trustOf(follower)];
  expect(second.authorities).toBe(first.authorities);
  expect(second.server.key).not.toBe(first.server.key);
  expect(issuers(first)).toHaveLength(1);
  expect(issuers(second)).toHaveLength(1);
  expect(new X509Certificate(first.server.certificate).checkHost(serverName)).toBe(serverName);
});

test('a new authority is trusted for a day before it signs, and the old one stays trusted until its end', async () => {
  const { clock, replica } = setup();
  const authority = replica();
  await authority.maintain(signal);
  const before = await trustOf(authority);
  const [old] = certificates(before.authorities);

  await clock.advance(61 * dayMs);
  await authority.maintain(signal);
  const during = await trustOf(authority);
  expect(certificates(during.authorities)).toHaveLength(2);
  expect(issuers(during).map(({ serialNumber }) => serialNumber)).toEqual([old?.serialNumber]);

  await clock.advance(dayMs);
  await authority.maintain(signal);
  const after = await trustOf(authority);
  expect(after.authorities).toBe(during.authorities);
  expect(issuers(after).map(({ serialNumber }) => serialNumber)).not.toContain(old?.serialNumber);

  await clock.advance(29 * dayMs);
  expect(certificates((await trustOf(authority)).authorities)).toHaveLength(1);
});

test('at any hour of a year, the service has a certificate that Envoys trusted a day ago, and that is valid', async () => {
  const { clock, replica } = setup();
  const authority = replica();
  await authority.maintain(signal);
  const trusted: string[] = [];
  for (let hour = 0; hour < 365 * 24; hour += 12) {
    await authority.maintain(signal);
    const trust = await trustOf(authority);
    const leaf = new X509Certificate(trust.server.certificate);
    expect(leaf.validToDate.getTime()).toBeGreaterThan(clock.now() + dayMs);
    trusted.push(trust.authorities);
    const yesterday = trusted.at(-3) ?? trusted[0] ?? '';
    expect(issuers({ ...trust, authorities: yesterday })).toHaveLength(1);
    await clock.advance(12 * 3_600_000);
  }
});

test('in steady state the Secret is not written again', async () => {
  const { client, clock, replica } = setup();
  const authority = replica();
  await authority.maintain(signal);
  await clock.advance(30 * dayMs);
  await authority.maintain(signal);
  expect(client.actions.filter((action) => !action.startsWith('GET'))).toEqual([`POST secrets ${secret}`]);
});

test('if two replicas make an authority at the same time, one of them fails, and both have the same afterwards', async () => {
  const { replica } = setup();
  const [one, other] = [replica(), replica()];
  const results = await Promise.allSettled([one.maintain(signal), other.maintain(signal)]);
  const failures = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(failures.map((error) => isAlreadyExists(error))).toEqual([true]);
  expect((await trustOf(one)).authorities).toBe((await trustOf(other)).authorities);
});

test('an authority whose key was damaged is replaced', async () => {
  const { client, replica } = setup();
  const authority = replica();
  await authority.maintain(signal);
  const found = await client.get(secrets, secret, signal);
  await client.update(secrets, { ...found, data: { ...found.data, 'ca.key': '' } }, signal);
  expect(await replica().trust(signal)).toBeUndefined();
  await authority.maintain(signal);
  expect(issuers(await trustOf(replica()))).toHaveLength(1);
});

test('a deleted Secret gets the authority back that Envoys trust, and replicas serve with it meanwhile', async () => {
  const { client, replica } = setup();
  const authority = replica();
  await authority.maintain(signal);
  const before = await trustOf(authority);
  await client.delete(secrets, secret, signal);
  expect(await trustOf(authority)).toEqual(before);
  await authority.maintain(signal);
  expect((await trustOf(replica())).authorities).toBe(before.authorities);
});
