import { expect, test } from 'vitest';
import { diff } from '../aws/diff/diff.ts';
import { converge, gateway, modelOf, type Sketch } from '../aws/diff/testing/resources.ts';
import { SimulatedAws } from '../aws/diff/testing/simulated-aws.ts';
import { type Changes, changesOf } from './changes.ts';

const before: Sketch = { listeners: { 80: [{ name: 'api', hosts: ['a'], to: ['api'] }] }, tags: { team: 'shop' } };

/** The changes from `before` to `after`. Without `before` the Gateway is new. */
function changes(after: Sketch, from?: Sketch): Changes {
  const aws = new SimulatedAws(gateway);
  if (from !== undefined) converge(aws, modelOf(from));
  const observed = aws.observe();
  return changesOf(diff(modelOf(after), observed), observed);
}

const lines = ({ changes: all }: Changes): readonly string[] =>
  all.map(({ change, resource, what }) => [change, resource, ...what].join(' '));

test('new resources are created, each once, with everything that belongs to them', () => {
  expect(lines(changes(before))).toEqual([
    'create security-group',
    'create certificate/shop/web',
    'create load-balancer/internal',
    'create target-group/internal/api',
    'create listener/internal/80',
    'create rule/internal/80/api',
  ]);
});

test('if AWS is as planned, nothing changes', () => {
  expect(changes(before, before)).toEqual({ changes: [], later: [] });
});

test('a change says what changes', () => {
  const after: Sketch = {
    listeners: { 80: [{ name: 'api', hosts: ['b'], to: ['api'] }], 81: [] },
    tags: { team: 'cart' },
    attributes: { 'idle_timeout.timeout_seconds': '90' },
    healthPath: '/health',
  };
  const found = lines(changes(after, before));
  expect(found).toContain('change load-balancer/internal attributes tags: team=cart');
  expect(found).toContain('change target-group/internal/api health check tags: team=cart');
  expect(found).toContain('change security-group ingress rules tags: team=cart');
  expect(found).toContain('change rule/internal/80/api conditions, action or transforms tags: team=cart');
  expect(found).toContain('create listener/internal/81');
});

test('a resource that is no longer needed is removed, a target group only after its requests have ended', () => {
  const { changes: found, later } = changes({ listeners: { 80: [] }, tags: { team: 'shop' } }, before);
  expect(found).toEqual([{ change: 'remove', resource: 'rule/internal/80/api', what: [] }]);
  expect(later).toHaveLength(1);
  expect(later[0]).toMatch(/^target-group\/internal\/api is removed at .*, when its requests have ended$/);
});
