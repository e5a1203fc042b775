// Handles one request, from its rule to its answer.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
import type { RuleAction } from '../elbv2/actions.ts';
import type { AuthenticateAction } from '../elbv2/authentication.ts';
import { rulesOf } from '../elbv2/find.ts';
import { type Answer, errorAnswer, send } from './answers.ts';
import type { Received } from './client-request.ts';
import type { Exchange } from './exchange.ts';
import type { Arrival, Forwarder } from './forward.ts';
import { matchRule } from './match-rule.ts';
import { redirectLocation } from './redirect.ts';
import { refusalOf } from './refusal.ts';

/** Resolves at the end of the exchange. */
export async function balance(forwarder: Forwarder, arrival: Arrival, exchange: Exchange): Promise<void> {
  const { received, response } = exchange;
  const refusal = refusalOf(received);
  if (refusal !== undefined) return send(response, errorAnswer(refusal));
  const host = comparedHost(received.host, ownPorts(arrival, exchange));
  const rule = matchRule(rulesOf(arrival.world.elbv2, arrival.listener.arn), { ...received, host });
  const action = rule?.actions.find((each) => !letsAnyonePass(each));
  if (!rule || !action) return send(response, errorAnswer(503));
  if (action.Type === 'forward') return await forwarder.forward(arrival, exchange, rule, action);
  return send(response, ownAnswer(action, arrival, received));
}

/** Clients connect to the listener's port plus the data plane's offset. */
const ownPorts = ({ listener }: Arrival, { request }: Exchange): readonly (number | undefined)[] => [
  listener.port,
  request.socket.localPort,
];

/** An ALB ignores its own port in the Host header, but not another port: observed on AWS, not documented. */
function comparedHost(host: string, own: readonly (number | undefined)[]): string {
  const [, name, port] = /^(.*):([0-9]+)$/s.exec(host) ?? [];
  return name !== undefined && own.includes(Number(port)) ? name : host;
}

/** `deny`, `allow` or `authenticate`; nobody is authenticated here, because there is no identity provider. */
const ofUnauthenticated = ({ AuthenticateOidcConfig, AuthenticateCognitoConfig }: AuthenticateAction): unknown =>
  (AuthenticateOidcConfig ?? AuthenticateCognitoConfig)?.['OnUnauthenticatedRequest'];

const letsAnyonePass = (action: RuleAction): boolean =>
  (action.Type === 'authenticate-oidc' || action.Type === 'authenticate-cognito') &&
  ofUnauthenticated(action) === 'allow';

function ownAnswer(
  action: Exclude<RuleAction, { Type: 'forward' }>,
  { listener }: Arrival,
  received: Received,
): Answer {
  switch (action.Type) {
    case 'redirect': {
      const { StatusCode } = action.RedirectConfig;
      const protocol = listener.protocol === 'HTTPS' ? 'HTTPS' : 'HTTP';
      const location = redirectLocation(action.RedirectConfig, { ...received, protocol, port: listener.port });
      const answer = errorAnswer(StatusCode === 'HTTP_301' ? 301 : 302);
      return { ...answer, headers: { ...answer.headers, location } };
    }
    case 'fixed-response': {
      const { StatusCode, ContentType, MessageBody = '' } = action.FixedResponseConfig;
      const type = ContentType ?? (MessageBody === '' ? undefined : 'text/plain');
      const headers = type === undefined ? {} : { 'content-type': `${type}; charset=utf-8` };
      return { status: Number(StatusCode), headers, body: MessageBody };
    }
    case 'authenticate-oidc':
    case 'authenticate-cognito':
      return errorAnswer(ofUnauthenticated(action) === 'deny' ? 401 : 561);
    case 'jwt-validation':
      // We can't fetch the keys of a token, and must not accept every token.
      return errorAnswer(received.headers.has('authorization') ? 500 : 401);
  }
  return action satisfies never;
}
