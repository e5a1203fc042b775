// Listener and rule ARNs are derived from their load balancer's.
import type { World } from '../world.ts';
import { validationError } from './errors.ts';
import type { LoadBalancerType } from './state.ts';

const kinds = [
  ['load balancer', /^loadbalancer\/(app|net)\/[A-Za-z0-9-]+\/[0-9a-f]+$/],
  ['listener', /^listener\/(app|net)\/[A-Za-z0-9-]+\/[0-9a-f]+\/[0-9a-f]+$/],
  ['listener rule', /^listener-rule\/(app|net)\/[A-Za-z0-9-]+\/[0-9a-f]+\/[0-9a-f]+\/[0-9a-f]+$/],
  ['target group', /^targetgroup\/[A-Za-z0-9-]+\/[0-9a-f]+$/],
  ['trust store', /^truststore\/[A-Za-z0-9-]+\/[0-9a-f]+$/],
] as const;

export type ArnKind = (typeof kinds)[number][0];

const prefix = (world: World) => `arn:aws:elasticloadbalancing:${world.region}:${world.accountId}:`;

/** The resource of an ARN; undefined if it is not an ARN of ELBv2. */
export function arnKind(arn: string): ArnKind | undefined {
  const match = /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:(.+)$/.exec(arn);
  const resource = match?.[1];
  if (resource === undefined) return undefined;
  return kinds.find(([, pattern]) => pattern.test(resource))?.[0];
}

/** Refuses a malformed ARN. */
export function checkArn(arn: string, kind: ArnKind): void {
  if (arnKind(arn) !== kind) throw validationError(`'${arn}' is not a valid ${kind} ARN`);
}

export function newLoadBalancerArn(world: World, type: LoadBalancerType, name: string): string {
  return `${prefix(world)}loadbalancer/${type === 'application' ? 'app' : 'net'}/${name}/${world.random.hex(16)}`;
}

export function newListenerArn(world: World, loadBalancerArn: string): string {
  return `${loadBalancerArn.replace(':loadbalancer/', ':listener/')}/${world.random.hex(16)}`;
}

export function newRuleArn(world: World, listenerArn: string): string {
  return `${listenerArn.replace(':listener/', ':listener-rule/')}/${world.random.hex(16)}`;
}

export function newTargetGroupArn(world: World, name: string): string {
  return `${prefix(world)}targetgroup/${name}/${world.random.hex(16)}`;
}

export function newTrustStoreArn(world: World, name: string): string {
  return `${prefix(world)}truststore/${name}/${world.random.hex(16)}`;
}

/** `app/NAME/ID`: the load balancer's name in its network interfaces and metrics. */
export function arnSuffix(loadBalancerArn: string): string {
  return loadBalancerArn.slice(loadBalancerArn.indexOf(':loadbalancer/') + ':loadbalancer/'.length);
}
