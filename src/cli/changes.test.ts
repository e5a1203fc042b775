import { expect, test } from 'vitest';
import { diff } from '../aws/diff/diff.ts';
import { converge, gateway, modelOf, type Sketch } from '../aws/diff/testing/resources.ts';
import { SimulatedAws } from '../aws/diff/testing/simulated-aws.ts';
import { type Changes, changesOf } from './changes.ts';

const before: Sketch = { listeners: { 80: [{ name: 'api', hosts: ['a'], to: ['api'] }] }, tags: { team: 'shop' } };

/** From `before` to `after`; a Gateway that is new where there is no `before`. */
function changes(after: Sketch, from?: Sketch): Changes {
  const aws = new SimulatedAws(gateway);
  if (from !== undefined) converge(aws, modelOf(from));
  const observed = aws.observe();
  return changesOf(diff(modelOf(after), observed), observed);
}

const lines = ({ changes: all }: Changes): readonly string[] =>
  all.map(({ change, resource, what }) => [change, resource, ...what].join(' '));

test('what is new is created, each once, with all that belongs to it', () => {
  expect(lines(changes(before))).toEqual([
    'create security-group',
    'create certificate/shop/web',
    'create load-balancer/internal',
    'create target-group/internal/api',
    'create listener/internal/80',
    'create rule/internal/80/api',
  ]);
});

test('where AWS is as it should be, nothing changes', () => {
  expect(changes(before, before)).toEqual({ changes: [], later: [] });
});

test('what changes says in what', () => {
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

test('what is no longer wanted is removed, a target group only when its requests have ended', () => {
  const { changes: found, later } = changes({ listeners: { 80: [] }, tags: { team: 'shop' } }, before);
  expect(found).toEqual([{ change: 'remove', resource: 'rule/internal/80/api', what: [] }]);
  expect(later).toHaveLength(1);
  expect(later[0]).toMatch(/^target-group\/internal\/api is removed at .*, when its requests have ended$/);
});
