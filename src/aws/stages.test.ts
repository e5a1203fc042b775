import { expect, test } from 'vitest';
import { derive } from '../provider/derive.ts';
import { GOLDEN_DEFAULTS, loadCases } from '../testing/golden.ts';
import { PLACEHOLDER_NETWORK } from './model/placeholder-network.ts';
import { options } from './model/testing/sample.ts';
import type { AddressFact } from './network/network.ts';
import { awsStages } from './stages.ts';

const [sample] = loadCases('basic').flatMap(({ inputs }) => inputs);

/** A Gateway on the internet that requests this address. */
function withAddress(value: string, fact: AddressFact) {
  if (sample === undefined) throw new Error('Expected a golden case');
  const { gateway } = sample;
  const input = { ...sample, gateway: { ...gateway, spec: { ...gateway.spec, addresses: [{ value }] } } };
  const network = { ...PLACEHOLDER_NETWORK, addresses: new Map([[value, fact]]) };
  const facts = () => Promise.resolve({ facts: { network }, found: [] });
  return derive({ ...awsStages(options, GOLDEN_DEFAULTS), facts }, input);
}

test.each<[string, string, AddressFact, true | undefined]>([
  ['is unknown', '10.9.9.9', {}, true],
  ['is in use', '198.51.100.1', { allocation: 'eipalloc-1', usedBy: 'i-1' }, undefined],
  ['is no IPv4 address', 'lb.example.com', {}, undefined],
])(
  'the pass runs again if an address %s, and reads the subnets again only if they may be the cause',
  async (_, ...given) => {
    const [value, fact, doubtsFacts] = given;
    const { retryable, ...derived } = await withAddress(value, fact);
    expect(retryable.map(({ problem }) => problem)).toEqual(['address-not-usable']);
    expect(derived.doubtsFacts).toBe(doubtsFacts);
  },
);
