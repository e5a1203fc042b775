// One request, from the rule that it meets to its answer.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
import type { RuleAction } from '../elbv2/actions.ts';
import { rulesOf } from '../elbv2/find.ts';
import { type Answer, errorAnswer, send } from './answers.ts';
import type { Received } from './client-request.ts';
import type { Exchange } from './exchange.ts';
import type { Arrival, Forwarder } from './forward.ts';
import { matchRule } from './match-rule.ts';
import { redirectLocation } from './redirect.ts';

/** Ends when the exchange has. */
export async function balance(forwarder: Forwarder, arrival: Arrival, exchange: Exchange): Promise<void> {
  const { received, response } = exchange;
  // "The client used the TRACE method, which is not supported": load-balancer-troubleshooting, HTTP 405.
  if (received.method === 'TRACE') return send(response, errorAnswer(405));
  // "The client sent a malformed request", HTTP 400.
  if (!/^[\u0021-\u007e]*$/.test(received.path + received.query)) return send(response, errorAnswer(400));
  const rule = matchRule(rulesOf(arrival.world.elbv2, arrival.listener.arn), received);
  const [action] = rule?.actions ?? [];
  if (!rule || !action) return send(response, errorAnswer(503));
  if (action.Type === 'forward') return await forwarder.forward(arrival, exchange, rule, action);
  return send(response, ownAnswer(action, arrival, received));
}

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
    case 'jwt-validation':
      // No identity provider can be asked from here, and to let everyone pass would be worse.
      return errorAnswer(561);
  }
  return action satisfies never;
}
