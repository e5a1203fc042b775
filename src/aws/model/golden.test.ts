import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GOLDEN_DEFAULTS, type GoldenCase, loadCases, toYaml } from '../../testing/golden.ts';
import { certificateReferences, forwardReferences, specReferences } from '../diff/references.ts';
import { translateForAws } from '../translation.ts';
import { buildModel, type ModelResult } from './build.ts';
import { conditionValues } from './conditions.ts';
import { gatewayPrefix } from './naming.ts';
import { placeholderNetwork } from './placeholder-network.ts';
import type { ListenerResource, Model, Resource, RuleResource } from './resources.ts';
import { options } from './testing/sample.ts';

const results = ({ inputs }: GoldenCase): readonly ModelResult[] =>
  inputs
    .flatMap((input) => translateForAws(input, GOLDEN_DEFAULTS).topology ?? [])
    .map((topology) => buildModel(topology, placeholderNetwork(topology), options));

const cases = loadCases();

test.each(cases)('$name gives the AWS resources in its folder', async (golden) => {
  await expect(toYaml(results(golden))).toMatchFileSnapshot(join(golden.dir, 'aws.yaml'));
});

const models = cases.flatMap((golden) =>
  results(golden).flatMap(({ model }) => (model === undefined ? [] : [{ name: golden.name, model }])),
);

const isRule = (resource: Resource): resource is RuleResource => resource.kind === 'rule';

const isListener = (resource: Resource): resource is ListenerResource => resource.kind === 'listener';

const nameOf = ({ kind, spec }: Resource): string | undefined =>
  kind === 'load-balancer' || kind === 'target-group' || kind === 'security-group' ? spec.name : undefined;

describe.each(models)('the model of $name', ({ model }: { readonly model: Model }) => {
  const { resources } = model;

  test('has every resource once, after all that it refers to', () => {
    const seen = new Set<string>();
    for (const resource of resources) {
      expect(seen).not.toContain(resource.id);
      const extra = resource.kind === 'listener' ? certificateReferences(resource.extraCertificates) : [];
      for (const reference of [...specReferences(resource), ...extra]) expect(seen).toContain(reference);
      seen.add(resource.id);
    }
  });

  test('has ids that fit into a tag, and names of its Gateway that AWS takes', () => {
    const names = resources.flatMap((resource) => nameOf(resource) ?? []);
    for (const { id } of resources) expect(id).toMatch(/^[A-Za-z0-9 _.:/=+@-]{1,256}$/);
    for (const name of names) {
      expect(name).toMatch(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])$/);
      expect(name.startsWith(gatewayPrefix(options, model.gateway))).toBe(true);
    }
    expect(new Set(names).size).toBe(names.length);
  });

  test('has rules within what AWS takes', () => {
    const rules = resources.filter(isRule);
    expect(rules.length).toBeLessThanOrEqual(options.quotas.rulesPerLoadBalancer);
    for (const { spec } of rules) {
      expect(conditionValues(spec.conditions)).toBeGreaterThan(0);
      expect(conditionValues(spec.conditions)).toBeLessThanOrEqual(5);
      const fields = spec.conditions.map(({ field }) => field);
      for (const field of ['host-header', 'path-pattern', 'http-request-method'] as const) {
        expect(fields.filter((each) => each === field).length).toBeLessThanOrEqual(1);
      }
      expect(forwardReferences(spec.action).length).toBeLessThanOrEqual(5);
    }
  });

  test('has a certificate on each HTTPS and TLS listener, and on no other', () => {
    for (const { spec } of resources.filter(isListener)) {
      const isSecure = spec.protocol === 'HTTPS' || spec.protocol === 'TLS';
      expect(spec.defaultCertificate !== undefined).toBe(isSecure);
      expect(spec.sslPolicy !== undefined).toBe(isSecure);
    }
  });

  test('has no target group that no rule refers to', () => {
    const used = new Set(resources.flatMap(specReferences));
    const unused = resources.filter(({ kind, id }) => kind === 'target-group' && !used.has(id));
    expect(unused).toEqual([]);
  });
});
