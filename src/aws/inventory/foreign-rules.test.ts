import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { resourceId } from '../model/naming.ts';
import { ForeignRules } from './foreign-rules.ts';

const web = objectKey({ namespace: 'shop', name: 'web' });
const [https, behind, http] = ['internal/443', 'nlb-internal/443', 'internal/80'].map((name) => ({
  resource: resourceId('listener', name),
  aspect: 'foreign-rules' as const,
}));
if (https === undefined || behind === undefined || http === undefined) throw new Error('Expected three');
const listeners = [https, behind, http].map(({ resource: id }) => ({ id }));

test('the status names each port with rules of others once, until an audit finds none, or the listener is gone', () => {
  const rules = new ForeignRules();
  expect(rules.problemsOf(web, listeners)).toEqual([]);
  rules.note(web, [https, behind, { ...https, aspect: 'tags' }, http]);
  expect(rules.problemsOf(web, listeners)).toEqual([{ kind: 'rules-of-others', ports: [80, 443] }]);
  expect(rules.problemsOf(web, [{ id: http.resource }])).toEqual([{ kind: 'rules-of-others', ports: [80] }]);
  expect(rules.problemsOf(objectKey({ namespace: 'shop', name: 'other' }), listeners)).toEqual([]);
  rules.note(web, []);
  expect(rules.problemsOf(web, listeners)).toEqual([]);
});
