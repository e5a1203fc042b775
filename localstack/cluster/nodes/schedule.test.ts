import { expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from './objects.ts';
import { chooseNode, isReady } from './schedule.ts';

const metadata = { namespace: 'default', uid: 'u', resourceVersion: '1' };

const node = (name: string, rest: Pick<Node, 'spec'> & { readonly labels?: Record<string, string> } = {}): Node => ({
  metadata: { ...metadata, name, labels: rest.labels ?? {} },
  ...(rest.spec && { spec: rest.spec }),
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});

const pod = (name: string, spec: Partial<PodSpec> = {}, owner?: string): Pod => ({
  metadata: { ...metadata, name, ...(owner && { ownerReferences: [{ uid: owner, controller: true }] }) },
  spec: { containers: [], ...spec },
});

const chosen = (nodes: readonly Node[], spec: Partial<PodSpec>): string => {
  const decision = chooseNode(pod('new', spec), nodes, []);
  return decision.kind === 'node' ? decision.name : decision.message;
};

const nothingFits = /^0\/\d nodes are available/;

test('pods of one owner are spread over nodes, also where others make a node fuller', () => {
  const pods = [
    pod('a', { nodeName: 'node-1' }, 'other'),
    pod('b', { nodeName: 'node-1' }, 'other'),
    pod('c', { nodeName: 'node-2' }, 'own'),
  ];
  const decision = chooseNode(pod('new', {}, 'own'), [node('node-1'), node('node-2')], pods);
  expect(decision).toEqual({ kind: 'node', name: 'node-1' });
});

test('pods that have ended take no place', () => {
  const over: Pod = { ...pod('a', { nodeName: 'node-1' }), status: { phase: 'Succeeded' } };
  const decision = chooseNode(pod('new'), [node('node-1'), node('node-2')], [over]);
  expect(decision).toEqual({ kind: 'node', name: 'node-1' });
});

test('a node selector and a required affinity keep to the nodes that have them', () => {
  const nodes = [node('node-1', { labels: { zone: 'a' } }), node('node-2', { labels: { zone: 'b' } })];
  expect(chosen(nodes, { nodeSelector: { zone: 'b' } })).toBe('node-2');
  expect(chosen(nodes, { nodeSelector: { zone: 'c' } })).toMatch(nothingFits);
  const affinity = (operator: string, values: readonly string[]): Partial<PodSpec> => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator, values }] }],
        },
      },
    },
  });
  expect(chosen(nodes, affinity('NotIn', ['a']))).toBe('node-2');
  expect(chosen(nodes, affinity('In', ['c']))).toMatch(nothingFits);
});

test('a pod of a DaemonSet goes to the node that it was made for', () => {
  const spec: Partial<PodSpec> = {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-2'] }] }],
        },
      },
    },
  };
  expect(chosen([node('node-1'), node('node-2')], spec)).toBe('node-2');
});

test('a cordoned, tainted or unready node gets only pods that tolerate that', () => {
  const cordoned = node('node-1', { spec: { unschedulable: true } });
  const tainted = node('node-1', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } });
  const unready: Node = { ...node('node-1'), status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } };
  for (const one of [cordoned, tainted, unready]) expect(chosen([one], {})).toMatch(nothingFits);
  expect(chosen([tainted], { tolerations: [{ key: 'gpu', value: 'no' }] })).toMatch(nothingFits);
  expect(chosen([tainted], { tolerations: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] })).toBe('node-1');
  expect(chosen([cordoned], { tolerations: [{ operator: 'Exists' }] })).toBe('node-1');
});

test('a node is ready when it says so and the controller manager has taken its first taint away', () => {
  const taints = [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }];
  expect(isReady(undefined)).toBe(false);
  expect(isReady({ ...node('node-1'), status: {} })).toBe(false);
  expect(isReady(node('node-1', { spec: { taints } }))).toBe(false);
  expect(isReady(node('node-1', { spec: { unschedulable: true } }))).toBe(true);
});
