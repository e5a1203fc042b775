import { expect, test } from 'vitest';
import type { Condition } from '../kube/object.ts';
import { beingReplaced } from './gateway-status.ts';
import { eachOnce, newsOf, newsOfAddress, newsOfListeners } from './news.ts';

const lastTransitionTime = '2026-11-28T12:00:00Z';

/** Parses `Type=Status/Reason: message`. */
function conditions(...words: readonly string[]): readonly Condition[] {
  return words.map((word) => {
    const [, type = '', status, reason = '', message = ''] = /^([^=]+)=(\w+)\/(\w+)(?:: (.*))?$/.exec(word) ?? [];
    if (status !== 'True' && status !== 'False' && status !== 'Unknown')
      throw new Error(`Expected a condition: ${word}`);
    return { type, status, reason, message, lastTransitionTime };
  });
}

const untouched = conditions('Accepted=Unknown/Pending: Waiting for controller', 'Programmed=Unknown/Pending: Waiting');
const making = conditions('Accepted=True/Accepted', 'Programmed=False/Pending: The load balancer does not exist yet.');
const provisioning = conditions('Accepted=True/Accepted', 'Programmed=False/Pending: AWS is still provisioning it.');
const served = conditions(
  'Accepted=True/Accepted',
  'Programmed=True/Programmed',
  'gatehouse.dev/UpToDate=True/UpToDate',
);
const reasonsOf = (news: ReturnType<typeof newsOf>) => news.map(({ type, reason }) => `${type} ${reason}`);

test('creating and serving a Gateway are Normal Events, starting from the default conditions of the CRD', () => {
  expect(reasonsOf(newsOf(untouched, making))).toEqual(['Normal Pending']);
  expect(reasonsOf(newsOf(making, provisioning))).toEqual([]);
  expect(reasonsOf(newsOf(provisioning, served))).toEqual(['Normal Programmed']);
  expect(reasonsOf(newsOf(served, served))).toEqual([]);
});

test('a lost load balancer is a Warning, except if its Gateway is being deleted', () => {
  expect(reasonsOf(newsOf(served, making))).toEqual(['Warning Pending']);
  expect(reasonsOf(newsOf(served, making, true))).toEqual(['Normal Pending']);
});

test('a Gateway that is not accepted gets one Event for that, and none for not being programmed', () => {
  const rejected = conditions('Accepted=False/InvalidParameters: no', 'Programmed=False/Invalid: not accepted');
  expect(reasonsOf(newsOf(untouched, rejected))).toEqual(['Warning InvalidParameters']);
  expect(reasonsOf(newsOf(rejected, rejected))).toEqual([]);
  expect(reasonsOf(newsOf(rejected, served))).toEqual(['Normal Accepted', 'Normal Programmed']);
});

test('a refused change gets an Event when it is refused, when the reason changes, and when it succeeds', () => {
  const refused = (message: string) => [
    ...served.slice(0, 2),
    ...conditions(`gatehouse.dev/UpToDate=False/Refused: ${message}`),
  ];
  expect(reasonsOf(newsOf(served, refused('A.')))).toEqual(['Warning Refused']);
  expect(reasonsOf(newsOf(refused('A.'), refused('A. B.')))).toEqual(['Warning Refused']);
  // The remaining part has already had its Event.
  expect(reasonsOf(newsOf(refused('A. B.'), refused('B.')))).toEqual([]);
  expect(reasonsOf(newsOf(refused('B.'), served))).toEqual(['Normal UpToDate']);
});

test('each invalid listener gets an Event with its reason, at creation and later, and one when it is valid again', () => {
  const listener = (name: string, ...words: readonly string[]) => ({
    name,
    attachedRoutes: 0,
    conditions: conditions(...words),
  });
  const fine = listener(
    'https',
    'Accepted=True/Accepted',
    'Conflicted=False/NoConflicts',
    'ResolvedRefs=True/ResolvedRefs: all',
  );
  const broken = listener(
    'https',
    'Accepted=True/Accepted',
    'ResolvedRefs=False/InvalidCertificateRef: gone',
    'Programmed=False/Invalid: gone',
  );
  const clash = listener(
    'http',
    'Accepted=False/HostnameConflict: same',
    'Conflicted=True/HostnameConflict: same',
    'Programmed=False/Invalid: same',
  );
  expect(reasonsOf(newsOfListeners(undefined, [broken, clash]))).toEqual([
    'Warning InvalidCertificateRef',
    'Warning HostnameConflict',
  ]);
  expect(reasonsOf(newsOfListeners([fine], [broken]))).toEqual(['Warning InvalidCertificateRef']);
  expect(reasonsOf(newsOfListeners([broken], [broken]))).toEqual([]);
  expect(newsOfListeners([broken], [fine])).toEqual([
    { type: 'Normal', reason: 'ResolvedRefs', note: 'Listener "https": all' },
  ]);
});

test('the same news for several parents of a route is one Event', () => {
  const bad = newsOf(undefined, conditions('ResolvedRefs=False/BackendNotFound: no Service'));
  expect(reasonsOf(eachOnce([...bad, ...bad]))).toEqual(['Warning BackendNotFound']);
});

test('before and after a Gateway gets another address there is one Event', () => {
  const status = (address: string, message: string) => ({
    addresses: [{ type: 'Hostname', value: address }],
    conditions: conditions(`Programmed=True/Programmed: ${message}`),
  });
  const before = status('old.example', 'The load balancer is active.');
  const during = status('old.example', `${beingReplaced} More.`);
  const after = status('new.example', 'The load balancer is active.');
  expect(newsOfAddress(before, during)).toEqual([
    { type: 'Normal', reason: 'AddressChanging', note: 'Another load balancer will replace the address old.example.' },
  ]);
  expect(newsOfAddress(during, during)).toEqual([]);
  expect(newsOfAddress(during, after)).toEqual([
    { type: 'Normal', reason: 'AddressChanged', note: 'The address is new.example now, and no longer old.example.' },
  ]);
  expect(newsOfAddress(after, after)).toEqual([]);
  expect(newsOfAddress(undefined, after)).toEqual([]);
});
