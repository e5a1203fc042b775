import { type Action, AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { checkActions, readActions } from './actions.ts';
import { newListenerArn } from './arns.ts';
import { validationError } from './errors.ts';
import { findListener, findLoadBalancer, listenerOf, listenersOf, loadBalancerOf } from './find.ts';
import { integer, portRange, text, texts } from './input.ts';
import { removeListener } from './listener-removal.ts';
import { readSecurity, type Security } from './listener-security.ts';
import { page } from './page.ts';
import { addRule, defaultRuleOf, replaceActions } from './rules.ts';
import type { Listener, LoadBalancer } from './state.ts';
import { sameTags, tagsOf } from './tags.ts';

const protocols: Readonly<Record<LoadBalancer['type'], readonly string[]>> = {
  application: ['HTTP', 'HTTPS'],
  network: ['TCP', 'TLS', 'UDP', 'TCP_UDP'],
};

function describeListener(world: World, listener: Listener): Output {
  const { mutualAuthentication: mutual } = listener;
  return {
    ListenerArn: listener.arn,
    LoadBalancerArn: listener.loadBalancerArn,
    Port: listener.port,
    Protocol: listener.protocol,
    Certificates:
      listener.defaultCertificate === undefined ? undefined : [{ CertificateArn: listener.defaultCertificate }],
    SslPolicy: listener.sslPolicy,
    DefaultActions: defaultRuleOf(world, listener).actions,
    AlpnPolicy: listener.alpnPolicy === undefined ? undefined : [listener.alpnPolicy],
    MutualAuthentication: mutual && {
      Mode: mutual.mode,
      TrustStoreArn: mutual.trustStoreArn,
      IgnoreClientCertificateExpiry: mutual.ignoreClientCertificateExpiry,
      AdvertiseTrustStoreCaNames: mutual.advertiseTrustStoreCaNames,
      TrustStoreAssociationStatus: mutual.mode === 'verify' ? 'active' : undefined,
    },
  };
}

function readProtocol(input: Input, type: LoadBalancer['type']): string | undefined {
  const protocol = text(input, 'Protocol');
  if (protocol === undefined || protocols[type].includes(protocol)) return protocol;
  throw validationError(`Listener protocol '${protocol}' must be one of '${protocols[type].join(', ')}'`);
}

const duplicateListener = (loadBalancerArn: string) =>
  new AwsError(
    'DuplicateListener',
    `A listener already exists on this port for this load balancer '${loadBalancerArn}'`,
  );

function apply(listener: Listener, security: Security): void {
  listener.sslPolicy = security.sslPolicy;
  listener.defaultCertificate = security.defaultCertificate;
  listener.alpnPolicy = security.alpnPolicy;
  listener.mutualAuthentication = security.mutualAuthentication;
  if (security.defaultCertificate === undefined) listener.certificates.clear();
}

function create(world: World, input: Input): Output {
  const state = world.elbv2;
  const loadBalancer = loadBalancerOf(state, input);
  const protocol = readProtocol(input, loadBalancer.type);
  if (protocol === undefined) throw validationError('A listener protocol must be specified');
  const port = integer(input, 'Port', portRange);
  if (port === undefined) throw validationError('A listener port must be specified');
  const actions = readActions(input, 'DefaultActions');
  const security = readSecurity(world, input, protocol, undefined);
  const tags = tagsOf(input);
  const siblings = listenersOf(state, loadBalancer.arn);
  const samePort = siblings.find((sibling) => sibling.port === port);
  if (samePort) {
    // "If you attempt to create multiple listeners with the same settings, each call succeeds" (API_CreateListener).
    const same =
      samePort.protocol === protocol &&
      samePort.sslPolicy === security.sslPolicy &&
      samePort.defaultCertificate === security.defaultCertificate &&
      JSON.stringify(defaultRuleOf(world, samePort).actions) === JSON.stringify(actions) &&
      sameTags(samePort.tags, tags);
    if (same) return { Listeners: [describeListener(world, samePort)] };
    throw duplicateListener(loadBalancer.arn);
  }
  const quota = world.options.quotas[`listeners-per-${loadBalancer.type}-load-balancer`];
  if (siblings.length >= quota) {
    throw new AwsError('TooManyListeners', `The maximum number of listeners, ${quota}, has been reached`);
  }
  checkActions(world, loadBalancer, { protocol, port }, actions, undefined);
  const listener: Listener = {
    arn: newListenerArn(world, loadBalancer.arn),
    loadBalancerArn: loadBalancer.arn,
    port,
    protocol,
    ...security,
    certificates: new Set(),
    attributes: new Map(),
    tags,
  };
  state.listeners.set(listener.arn, listener);
  addRule(world, listener, { priority: 'default', conditions: [], actions, transforms: [], tags: new Map() });
  return { Listeners: [describeListener(world, listener)] };
}

function describe(world: World, input: Input): Output {
  const arns = texts(input, 'ListenerArns') ?? [];
  const loadBalancerArn = text(input, 'LoadBalancerArn');
  if ((arns.length === 0) === (loadBalancerArn === undefined)) {
    throw validationError('You must specify either listener ARNs or a load balancer ARN');
  }
  if (loadBalancerArn === undefined) {
    return { Listeners: arns.map((arn) => describeListener(world, findListener(world.elbv2, arn))) };
  }
  const listeners = listenersOf(world.elbv2, findLoadBalancer(world.elbv2, loadBalancerArn).arn);
  const { items, nextMarker } = page(input, listeners, ({ port }) => String(port).padStart(5, '0'));
  return { Listeners: items.map((listener) => describeListener(world, listener)), NextMarker: nextMarker };
}

function modify(world: World, input: Input): Output {
  const listener = listenerOf(world.elbv2, input);
  const loadBalancer = findLoadBalancer(world.elbv2, listener.loadBalancerArn);
  const protocol = readProtocol(input, loadBalancer.type) ?? listener.protocol;
  const port = integer(input, 'Port', portRange) ?? listener.port;
  const clash = listenersOf(world.elbv2, loadBalancer.arn).some((other) => other !== listener && other.port === port);
  if (clash) throw duplicateListener(loadBalancer.arn);
  const security = readSecurity(world, input, protocol, listener);
  const rule = defaultRuleOf(world, listener);
  const given = input['DefaultActions'] === undefined ? undefined : readActions(input, 'DefaultActions');
  checkActions(world, loadBalancer, { protocol, port }, given ?? rule.actions, rule);
  listener.protocol = protocol;
  listener.port = port;
  apply(listener, security);
  if (given) replaceActions(world, rule, given);
  return { Listeners: [describeListener(world, listener)] };
}

export function listenerActions(world: World): Record<string, Action> {
  return {
    CreateListener: (input) => create(world, input),
    DescribeListeners: (input) => describe(world, input),
    ModifyListener: (input) => modify(world, input),
    DeleteListener(input) {
      removeListener(world, listenerOf(world.elbv2, input));
      return {};
    },
  };
}
