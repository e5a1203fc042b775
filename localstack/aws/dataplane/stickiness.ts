// The load balancer's own cookies. docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
import type { OutgoingHttpHeaders } from 'node:http';
import { targetGroupAttribute } from '../elbv2/attributes.ts';
import type { ForwardAction } from '../elbv2/forward.ts';
import type { TargetGroup } from '../elbv2/state.ts';

/** AWSALBTG sticks to a target group, AWSALB to a target, AWSALBAPP-0 to a target that has set the application's own cookie. */
type StickyCookie = 'AWSALBTG' | 'AWSALB' | 'AWSALBAPP-0';

/** How long requests stick to one of an action's target groups, in seconds; undefined: not at all. */
export function groupStickiness({ ForwardConfig }: ForwardAction): number | undefined {
  const { Enabled, DurationSeconds } = ForwardConfig.TargetGroupStickinessConfig;
  return Enabled ? DurationSeconds : undefined;
}

interface TargetStickiness {
  readonly cookie: StickyCookie;
  readonly seconds: number;
  /** The application's cookie: without it nothing sticks. */
  readonly after: string | undefined;
}

/** How requests stick to a target; undefined: they don't. */
export function targetStickiness(group: TargetGroup): TargetStickiness | undefined {
  if (targetGroupAttribute(group, 'stickiness.enabled') !== 'true') return undefined;
  const type = targetGroupAttribute(group, 'stickiness.type');
  const seconds = Number(targetGroupAttribute(group, `stickiness.${type}.duration_seconds`));
  if (type !== 'app_cookie') return { cookie: 'AWSALB', seconds, after: undefined };
  const after = targetGroupAttribute(group, 'stickiness.app_cookie.cookie_name');
  return { cookie: 'AWSALBAPP-0', seconds, after };
}

/** The target of a sticky request. The cookie for cross-site requests has the same content. */
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
  const line = `${name}=${value}; ${rest}`;
  return name === 'AWSALBAPP-0' ? [line] : [line, `${name}CORS=${value}; ${rest}; SameSite=None; Secure`];
}

/** @param cookies lines to add to the target's own */
export function withCookies(
  headers: OutgoingHttpHeaders,
  cookies: (set: readonly string[]) => readonly string[],
): OutgoingHttpHeaders {
  const set = [headers['set-cookie'] ?? []].flat().map(String);
  const added = cookies(set);
  return added.length === 0 ? headers : { ...headers, 'set-cookie': [...set, ...added] };
}
