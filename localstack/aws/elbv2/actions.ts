// The actions of rules. They are stored in the API's output format, with defaults.
import { AwsError, type Input } from '../service.ts';
import type { World } from '../world.ts';
import {
  type AuthenticateAction,
  type JwtValidationAction,
  readAuthenticate,
  readJwtValidation,
} from './authentication.ts';
import { invalidAction, validationError } from './errors.ts';
import { checkForward, type ForwardAction, readForward } from './forward.ts';
import { integer, nonEmpty, oneOf, record, records, requiredText, text } from './input.ts';
import { checkNetworkForward } from './network-forward.ts';
import type { Listener, LoadBalancer, LoadBalancerType, Rule } from './state.ts';
import { checkReachable, checkUsage } from './usage.ts';

interface RedirectAction {
  readonly Type: 'redirect';
  readonly Order: number | undefined;
  readonly RedirectConfig: {
    readonly Protocol: string;
    readonly Port: string;
    readonly Host: string;
    readonly Path: string;
    readonly Query: string;
    readonly StatusCode: 'HTTP_301' | 'HTTP_302';
  };
}

interface FixedResponseAction {
  readonly Type: 'fixed-response';
  readonly Order: number | undefined;
  readonly FixedResponseConfig: {
    readonly StatusCode: string;
    readonly ContentType: string | undefined;
    readonly MessageBody: string | undefined;
  };
}

export type RuleAction =
  | ForwardAction
  | RedirectAction
  | FixedResponseAction
  | AuthenticateAction
  | JwtValidationAction;

const types = [
  'forward',
  'redirect',
  'fixed-response',
  'authenticate-oidc',
  'authenticate-cognito',
  'jwt-validation',
] as const;

const contentTypes = ['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json'] as const;

function bounded(value: string, name: string, max: number): string {
  if (value.length > max) throw validationError(`${name} must be at most ${max} characters long`);
  return value;
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html */
function readRedirect(input: Input, order: number | undefined): RedirectAction {
  const config = record(input, 'RedirectConfig');
  if (!config) throw validationError('A redirect action needs a RedirectConfig');
  const statusCode = oneOf(config, 'StatusCode', ['HTTP_301', 'HTTP_302']);
  if (!statusCode) throw validationError('Parameter RedirectConfig.StatusCode must be specified');
  const port = text(config, 'Port') ?? '#{port}';
  if (port !== '#{port}' && !(/^[0-9]{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)) {
    throw validationError(`The redirect port '${port}' must be 1 to 65535 or #{port}`);
  }
  const path = bounded(text(config, 'Path') ?? '/#{path}', 'The redirect path', 128);
  if (!path.startsWith('/')) throw validationError(`The redirect path '${path}' must begin with '/'`);
  const host = bounded(text(config, 'Host') ?? '#{host}', 'The redirect host', 128);
  if (host === '') throw validationError('The redirect host must be at least 1 character long');
  return {
    Type: 'redirect',
    Order: order,
    RedirectConfig: {
      Protocol: oneOf(config, 'Protocol', ['HTTP', 'HTTPS', '#{protocol}']) ?? '#{protocol}',
      Port: port,
      Host: host,
      Path: path,
      Query: bounded(text(config, 'Query') ?? '#{query}', 'The redirect query', 128),
      StatusCode: statusCode,
    },
  };
}

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_FixedResponseActionConfig.html */
function readFixedResponse(input: Input, order: number | undefined): FixedResponseAction {
  const config = record(input, 'FixedResponseConfig');
  if (!config) throw validationError('A fixed-response action needs a FixedResponseConfig');
  const statusCode = requiredText(config, 'StatusCode');
  if (!/^[245][0-9][0-9]$/.test(statusCode)) {
    throw validationError(`The fixed-response status code '${statusCode}' must be 2XX, 4XX or 5XX`);
  }
  const messageBody = text(config, 'MessageBody');
  if (messageBody !== undefined) bounded(messageBody, 'The fixed-response message body', 1024);
  return {
    Type: 'fixed-response',
    Order: order,
    FixedResponseConfig: {
      StatusCode: statusCode,
      ContentType: oneOf(config, 'ContentType', contentTypes),
      MessageBody: messageBody,
    },
  };
}

function readAction(input: Input): RuleAction {
  const type = oneOf(input, 'Type', types);
  const order = integer(input, 'Order', { min: 1, max: 50_000 });
  switch (type) {
    case undefined:
      throw validationError('An action type must be specified');
    case 'forward':
      return readForward(input, order);
    case 'redirect':
      return readRedirect(input, order);
    case 'fixed-response':
      return readFixedResponse(input, order);
    case 'authenticate-oidc':
    case 'authenticate-cognito':
      return readAuthenticate(input, type, order);
    case 'jwt-validation':
      return readJwtValidation(input, order);
  }
  return type satisfies never;
}

const isTerminal = ({ Type }: RuleAction) => Type === 'forward' || Type === 'redirect' || Type === 'fixed-response';

/** Reads a rule's actions: exactly one of them routes, and it comes last. */
export function readActions(input: Input, name: 'Actions' | 'DefaultActions'): readonly RuleAction[] {
  const actions = nonEmpty(records(input, name), name).map(readAction);
  const ordered = actions.toSorted((a, b) => (a.Order ?? 0) - (b.Order ?? 0));
  const terminal = ordered.filter(isTerminal);
  const [first, second] = terminal;
  if (!first) throw invalidAction('One forward, redirect or fixed-response action must be specified');
  if (second) throw new AwsError('TooManyActions', 'Only one forward, redirect or fixed-response action is allowed');
  if (ordered.at(-1) !== first) throw invalidAction(`The ${first.Type} action must be performed last`);
  return ordered;
}

type Via = Pick<Listener, 'protocol' | 'port'>;

/** "You must modify at least one of protocol, port, hostname or path to avoid a redirect loop" (API_RedirectActionConfig). */
function checkRedirect({ RedirectConfig: config }: RedirectAction, via: Via): void {
  if (via.protocol === 'HTTPS' && config.Protocol === 'HTTP') {
    throw invalidAction('Redirecting from HTTPS to HTTP is not supported');
  }
  const sameProtocol = config.Protocol === '#{protocol}' || config.Protocol === via.protocol;
  const samePort = config.Port === '#{port}' || config.Port === String(via.port);
  if (sameProtocol && samePort && config.Host === '#{host}' && config.Path === '/#{path}') {
    throw invalidAction('The redirect configuration is not valid because it creates a loop');
  }
}

function checkAction(world: World, type: LoadBalancerType, via: Via, action: RuleAction): void {
  switch (action.Type) {
    case 'forward':
      return checkForward(world, type, via.protocol, action);
    case 'redirect':
      return checkRedirect(action, via);
    case 'fixed-response':
      return undefined;
    case 'authenticate-oidc':
    case 'authenticate-cognito':
    case 'jwt-validation':
      if (via.protocol !== 'HTTPS') throw invalidAction(`Action '${action.Type}' is only for HTTPS listeners`);
      return undefined;
  }
  return action satisfies never;
}

/** Checks actions against their listener, and against the load balancer's other actions. */
export function checkActions(
  world: World,
  loadBalancer: LoadBalancer,
  via: Via,
  actions: readonly RuleAction[],
  replaced: Rule | undefined,
): void {
  for (const action of actions) {
    if (loadBalancer.type === 'network' && action.Type !== 'forward') {
      throw invalidAction(`Action '${action.Type}' is not supported by Network Load Balancers`);
    }
    checkAction(world, loadBalancer.type, via, action);
    if (loadBalancer.type === 'network' && action.Type === 'forward') {
      checkNetworkForward(world, loadBalancer, via, action);
    }
  }
  checkReachable(world, loadBalancer, actions);
  checkUsage(world, loadBalancer, actions, replaced);
}
