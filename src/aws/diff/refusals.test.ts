import { expect, test } from 'vitest';
import { objectKey } from '../../kube/object.ts';
import { buildModel } from '../model/build.ts';
import { gatewayOwner } from '../model/owner.ts';
import { PLACEHOLDER_NETWORK } from '../model/placeholder-network.ts';
import type { Model, RuleResource } from '../model/resources.ts';
import { entry, httpPort, options, topology } from '../model/testing/sample.ts';
import type { Problem } from '../problem.ts';
import { diff } from './diff.ts';
import { refusedRules } from './refusals.ts';
import type { Plan } from './step.ts';
import { networkModel } from './testing/network-models.ts';

const path = (value: string) => ({ path: { type: 'Exact', value } }) as const;
const entries = [
  entry({ route: 'one', match: path('/one') }),
  entry({ route: 'two', match: path('/two') }),
  entry({ route: 'apart', match: { ...path('/apart'), headers: [{ name: 'x', value: 'y' }] } }),
];

function planned(ports: readonly number[] = [80]): { readonly model: Model; readonly plan: Plan } {
  const given = topology(ports.map((port) => httpPort(entries, { port })));
  const { model } = buildModel(given, PLACEHOLDER_NETWORK, options);
  if (model === undefined) throw new Error('Expected a model');
  return { model, plan: diff(model, { owner: gatewayOwner(model.gateway), resources: [], now: 0 }) };
}

const refusal = (resource: string): Extract<Problem, { kind: 'cloud-refused' }> => ({
  kind: 'cloud-refused',
  resource,
  action: 'elasticloadbalancing:CreateRule',
  code: 'ValidationError',
  detail: 'no',
});

const ruleOf = ({ resources }: Model, value: string, port = 80): RuleResource => {
  const found = resources
    .filter((resource) => resource.kind === 'rule')
    .find(({ spec, listener }) => JSON.stringify(spec).includes(value) && listener.endsWith(`/${port}`));
  if (found === undefined) throw new Error(`Expected a rule for ${value}`);
  return found;
};

/** All steps have succeeded, except the steps of this resource. */
const doneBut = ({ steps }: Plan, id: string) =>
  steps.filter(({ resource }) => resource !== id).map(({ id: step }) => step);

const route = (name: string) => ({ kind: 'HTTPRoute', key: objectKey({ namespace: 'shop', name }) });

test('all routes that are packed into a refused rule report it, and no other route', () => {
  const { model, plan } = planned();
  const { id } = ruleOf(model, '/one');
  const cause = refusal(id);
  expect(refusedRules(plan, model, { done: doneBut(plan, id), problems: [cause] })).toEqual(
    ['one', 'two'].map((name) => ({ kind: 'rule-refused', route: route(name), rule: 0, field: '', cause })),
  );
});

test('routes whose rules wait for a refused target group report the refusal', () => {
  const { model, plan } = planned();
  const { id, spec } = ruleOf(model, '/apart');
  const group = spec.action.kind === 'forward' ? (spec.action.targetGroups[0]?.targetGroup ?? '') : '';
  const told = refusedRules(plan, model, { done: doneBut(plan, id), problems: [refusal(group)] });
  expect(told).toMatchObject([{ kind: 'rule-refused', route: route('apart') }]);
  expect(refusedRules(plan, model, { done: plan.steps.map((step) => step.id), problems: [refusal(group)] })).toEqual(
    [],
  );
});

test('a rule that AWS refuses on one port only is reported to serve on the other', () => {
  const { model, plan } = planned([80, 8080]);
  const { id } = ruleOf(model, '/apart', 8080);
  const told = refusedRules(plan, model, { done: doneBut(plan, id), problems: [refusal(id)] });
  expect(told).toMatchObject([{ kind: 'partly-left-out', route: route('apart'), port: 8080 }]);
});

test('a rule whose change AWS refuses is not reported as left out: it serves as before', () => {
  const { model, plan } = planned();
  const { id } = ruleOf(model, '/apart');
  const steps = plan.steps.map((step) =>
    step.kind === 'create-rule' ? ({ ...step, kind: 'change', arn: `arn:${step.resource}` } as const) : step,
  );
  expect(refusedRules({ ...plan, steps }, model, { done: doneBut(plan, id), problems: [refusal(id)] })).toMatchObject([
    { kind: 'rule-change-refused', route: route('apart'), cause: { resource: id } },
  ]);
});

test('a listener of an NLB that AWS refuses, or whose group it refuses, is said on the route whose connections it has', () => {
  const model = networkModel({
    listeners: { 53: { protocol: 'TCP', to: ['dns'] }, 54: { protocol: 'UDP', to: ['log'] } },
  });
  const plan = diff(model, { owner: gatewayOwner(model.gateway), resources: [], now: 0 });
  const id = 'listener/nlb-internal/53';
  const tcpRoute = { kind: 'TCPRoute', key: objectKey({ namespace: 'shop', name: 'port-53' }) };
  for (const resource of [id, 'target-group/nlb-internal/dns/TCP-ipv4']) {
    const cause = refusal(resource);
    expect(refusedRules(plan, model, { done: doneBut(plan, id), problems: [cause] })).toEqual([
      { kind: 'rule-refused', route: tcpRoute, rule: 0, field: '', cause },
    ]);
  }
  const steps = plan.steps.map((step) =>
    step.kind === 'create' && step.resource === id ? ({ ...step, kind: 'change', arn: `arn:${id}` } as const) : step,
  );
  expect(refusedRules({ ...plan, steps }, model, { done: doneBut(plan, id), problems: [refusal(id)] })).toMatchObject([
    { kind: 'rule-change-refused', route: tcpRoute },
  ]);
});
