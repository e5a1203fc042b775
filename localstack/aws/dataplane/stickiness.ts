// The load balancer's own cookies. docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
import type { OutgoingHttpHeaders } from 'node:http';
import { targetGroupAttribute } from '../elbv2/attributes.ts';
import type { ForwardAction } from '../elbv2/forward.ts';
import type { TargetGroup } from '../elbv2/state.ts';

/** AWSALBTG sticks to a target group, AWSALB to a target. */
type StickyCookie = 'AWSALBTG' | 'AWSALB';

/** How long requests stick to one of an action's target groups, in seconds; undefined when they don't. */
export function groupStickiness({ ForwardConfig }: ForwardAction): number | undefined {
  const { Enabled, DurationSeconds } = ForwardConfig.TargetGroupStickinessConfig;
  return Enabled ? DurationSeconds : undefined;
}

/** How long requests stick to a target, in seconds, by a cookie of the load balancer; undefined when they don't. */
export function targetStickiness(group: TargetGroup): number | undefined {
  const isOn = targetGroupAttribute(group, 'stickiness.enabled') === 'true';
  if (!isOn || targetGroupAttribute(group, 'stickiness.type') !== 'lb_cookie') return undefined;
  return Number(targetGroupAttribute(group, 'stickiness.lb_cookie.duration_seconds'));
}

/** What a request sticks to; the cookie for requests from other sites says the same. */
export function stuckTo(headers: ReadonlyMap<string, readonly string[]>, name: StickyCookie): string | undefined {
  const pairs = (headers.get('cookie') ?? []).flatMap((line) => line.split(/; */));
  const found =
    pairs.find((pair) => pair.startsWith(`${name}=`)) ?? pairs.find((pair) => pair.startsWith(`${name}CORS=`));
  return found && Buffer.from(found.slice(found.indexOf('=') + 1), 'base64url').toString();
}

/** The Set-Cookie lines. `at` is milliseconds since 1970. */
export function stick(name: StickyCookie, to: string, seconds: number, at: number): readonly string[] {
  const value = Buffer.from(to).toString('base64url');
  const rest = `Expires=${new Date(at + seconds * 1000).toUTCString()}; Path=/`;
  return [`${name}=${value}; ${rest}`, `${name}CORS=${value}; ${rest}; SameSite=None; Secure`];
}

export function withCookies(headers: OutgoingHttpHeaders, cookies: readonly string[]): OutgoingHttpHeaders {
  if (cookies.length === 0) return headers;
  return { ...headers, 'set-cookie': [headers['set-cookie'] ?? []].flat().map(String).concat(cookies) };
}
