import { expect, test } from 'vitest';
import type { PortKey } from '../gateway/listener-protocols.ts';
import type { Translation } from '../gateway/topology.ts';
import type { Finding } from '../provider/finding.ts';
import { hindrance, inventedWords } from '../provider/testing/invented.ts';
import { GOLDEN_NOW } from '../testing/golden.ts';
import { findingsOf } from './findings.ts';
import { type GatewayOutcome, gatewayStatus } from './gateway-status.ts';

const listener = (name: string, port: PortKey) => ({ name, port, supportedKinds: [], valid: true });
const translation: Pick<Translation, 'listeners' | 'attachments'> = {
  listeners: [listener('http', 'http/80'), listener('more', 'http/8080')],
  attachments: [],
};
const standing = {
  addresses: [],
  ports: new Set<PortKey>(['http/80', 'http/8080']),
  admits: true,
  waiting: '',
  complete: true,
};
const outcome = (more: Partial<GatewayOutcome>, ...found: readonly Finding[]): GatewayOutcome => ({
  generation: 1,
  findings: findingsOf(translation, found, inventedWords),
  attachedRoutes: new Map(),
  provisioned: standing,
  overdue: false,
  ...more,
});
const denied = hindrance('The fog can not be lifted.', { upToDate: 'AccessDenied', concerns: 'clients' });

/** `Programmed` of the Gateway and of its listeners. */
const programmed = ({ conditions, listeners = [] }: ReturnType<typeof gatewayStatus>) =>
  [conditions, ...listeners.map((each) => each.conditions)].map((each) => {
    const found = each?.find(({ type }) => type === 'Programmed');
    return `${found?.status}/${found?.reason}`;
  });

test('a Gateway that admits nobody is not programmed, and says why', () => {
  const status = gatewayStatus(undefined, outcome({ provisioned: { ...standing, admits: false } }, denied), GOLDEN_NOW);
  expect(programmed(status)).toEqual(['False/Invalid', 'False/Invalid', 'False/Invalid']);
  expect(status.conditions?.find(({ type }) => type === 'Programmed')?.message).toMatch(
    /^Fog hides "http", "more"\. The fog can not be lifted\.$/,
  );
});

test('a serving listener stays programmed while the rules for another listener are refused', () => {
  const before = gatewayStatus(
    undefined,
    outcome({ findings: findingsOf({ ...translation, listeners: [listener('http', 'http/80')] }, [], inventedWords) }),
    GOLDEN_NOW,
  );
  const status = gatewayStatus(before, outcome({ provisioned: { ...standing, admits: false } }, denied), GOLDEN_NOW);
  expect(programmed(status)).toEqual(['True/Programmed', 'True/Programmed', 'False/Invalid']);
  expect(status.conditions?.at(-1)).toMatchObject({ type: 'gatehouse.dev/UpToDate', reason: 'AccessDenied' });
});

test('a Gateway is no longer programmed after its load balancer is gone', () => {
  const before = gatewayStatus(undefined, outcome({}), GOLDEN_NOW);
  const gone = {
    ...standing,
    ports: new Set<PortKey>(),
    waiting: 'The load balancer does not exist yet.',
    complete: false,
  };
  expect(programmed(gatewayStatus(before, outcome({ provisioned: gone }), GOLDEN_NOW))[0]).toBe('False/Pending');
});

test('a served listener says what serves it, also while the provider can not be asked', () => {
  const servers = new Map<PortKey, string>([['http/80', 'Cloud 9']]);
  const messages = ({ listeners = [] }: ReturnType<typeof gatewayStatus>) =>
    listeners.map(({ conditions }) => conditions.find(({ type }) => type === 'Programmed')?.message);
  const status = gatewayStatus(undefined, outcome({ provisioned: { ...standing, servers } }), GOLDEN_NOW);
  expect(messages(status)).toEqual(['Cloud 9 serves it.', 'The load balancer serves it.']);
  expect(messages(gatewayStatus(status, outcome({ provisioned: undefined }), GOLDEN_NOW))).toEqual(messages(status));
});

test('a Gateway that lacks one of its addresses is not programmed, though its listeners are served at the others', () => {
  const lacks = (unprograms: 'always' | 'at-first') =>
    hindrance('One lamp is missing.', { programmed: 'AddressNotUsable', unprograms });
  const always = gatewayStatus(undefined, outcome({}, lacks('always')), GOLDEN_NOW);
  expect(programmed(always)).toEqual(['False/AddressNotUsable', 'True/Programmed', 'True/Programmed']);
  expect(always.conditions?.find(({ type }) => type === 'Programmed')?.message).toBe('One lamp is missing.');
  // A new address of a programmed Gateway may take its time.
  const before = gatewayStatus(undefined, outcome({}), GOLDEN_NOW);
  const again = (found: Finding) => programmed(gatewayStatus(before, outcome({}, found), GOLDEN_NOW))[0];
  expect([again(lacks('always')), again(lacks('at-first'))]).toEqual(['False/AddressNotUsable', 'True/Programmed']);
  expect(programmed(gatewayStatus(undefined, outcome({}, lacks('at-first')), GOLDEN_NOW))[0]).toBe(
    'False/AddressNotUsable',
  );
});

test("a provider's own conditions are in the Gateway's status", () => {
  const lit = { type: 'gatehouse.dev/Lit', status: 'True', reason: 'Lit', message: 'Three lamps are lit.' } as const;
  const status = gatewayStatus(undefined, outcome({ provisioned: { ...standing, conditions: [lit] } }), GOLDEN_NOW);
  expect(status.conditions?.at(-1)).toMatchObject({ ...lit, observedGeneration: 1 });
});
