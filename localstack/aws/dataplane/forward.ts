// Forwards a request to a target of a forward action.
import { loadBalancerAttribute } from '../elbv2/attributes.ts';
import type { ForwardAction } from '../elbv2/forward.ts';
import type { Listener, LoadBalancer, Rule, Target, TargetGroup } from '../elbv2/state.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { errorAnswer, send } from './answers.ts';
import type { Received } from './client-request.ts';
import { type Exchange, forwardNowhere, type ToTarget } from './exchange.ts';
import { forwardHttp1, Http1Connections } from './forward-http1.ts';
import { forwardHttp2, Http2Connections } from './forward-http2.ts';
import { targetHeaders, targetHost } from './forwarded-headers.ts';
import { reachesTarget } from './reach.ts';
import { Turns, targetName } from './serving-targets.ts';
import { groupStickiness, stick, stuckTo, targetStickiness } from './stickiness.ts';
import { type AddressMapping, mapAddress, privateAddress } from './target-address.ts';
import { transform } from './transforms.ts';
import { chooseGroup } from './weights.ts';

/** The load balancer and listener of a request. */
export interface Arrival {
  readonly world: World;
  readonly loadBalancer: LoadBalancer;
  readonly listener: Listener;
}

interface InFlight extends Pick<Arrival, 'world'> {
  readonly group: TargetGroup;
  readonly target: Target;
  readonly abort: AbortController;
}

export class Forwarder {
  readonly #mappings: readonly AddressMapping[];
  readonly #random: Random;
  readonly #turns: Turns;
  readonly #http1 = new Http1Connections();
  readonly #http2 = new Http2Connections();
  readonly #inFlight = new Set<InFlight>();

  constructor(mappings: readonly AddressMapping[], random: Random) {
    this.#mappings = mappings;
    this.#random = random;
    this.#turns = new Turns(random, (target) => [...this.#inFlight].filter((each) => each.target === target).length);
  }

  /** Resolves at the end of the exchange. */
  async forward(arrival: Arrival, exchange: Exchange, rule: Rule, action: ForwardAction): Promise<void> {
    const { world } = arrival;
    const group = world.elbv2.targetGroups.get(this.#groupArn(action, exchange.received) ?? '');
    if (!group) return send(exchange.response, errorAnswer(503));
    if (!canSpeak(group, exchange.received)) return send(exchange.response, errorAnswer(464));
    const stickiness = targetStickiness(group);
    const sticky = stickiness && stuckTo(exchange.received.headers, stickiness.cookie);
    const target = this.#turns.next(world, group, sticky);
    const address = target && privateAddress(world, group, target);
    // "No registered targets, or all in an unused state": load-balancer-troubleshooting, HTTP 503.
    if (!target || address === undefined) return send(exchange.response, errorAnswer(503));
    const abort = new AbortController();
    const to = this.#toTarget(arrival, exchange, rule, {
      group,
      address: mapAddress(this.#mappings, address),
      port: target.port ?? group.port ?? 80,
      cookies: cookiesFor(action, group, target, world.clock.now()),
      signal: abort.signal,
    });
    if (!to) return send(exchange.response, errorAnswer(500));
    const inFlight = { world, group, target, abort };
    this.#inFlight.add(inFlight);
    try {
      // Security groups are checked for each request. AWS keeps using an open connection after its rule is revoked.
      if (!reachesTarget(world, arrival.loadBalancer, { group, target }, to)) await forwardNowhere(exchange, to);
      else if (group.protocolVersion === 'HTTP1') await forwardHttp1(this.#http1, exchange, to);
      else await forwardHttp2(this.#http2, exchange, to);
    } finally {
      this.#inFlight.delete(inFlight);
    }
  }

  /** Chooses by weight, unless the request sticks to a group; undefined if all weights are 0. */
  #groupArn(action: ForwardAction, { headers }: Received): string | undefined {
    const sticky = groupStickiness(action) === undefined ? undefined : stuckTo(headers, 'AWSALBTG');
    const known = action.ForwardConfig.TargetGroups.some(({ TargetGroupArn }) => TargetGroupArn === sticky);
    return known ? sticky : chooseGroup(action, Number.parseInt(this.#random.hex(8), 16) / 2 ** 32);
  }

  /** Undefined if a transform fails. */
  #toTarget(
    { loadBalancer, listener, world }: Arrival,
    { request, received }: Exchange,
    { transforms }: Rule,
    place: Pick<ToTarget, 'group' | 'address' | 'port' | 'cookies' | 'signal'>,
  ): ToTarget | undefined {
    const url = received.query === '' ? received.path : `${received.path}?${received.query}`;
    const rewritten =
      transforms.length === 0 ? { host: received.host, url } : transform(transforms, { ...received, url });
    if (!rewritten) return undefined;
    const { sourceIp, sourcePort, headers } = received;
    const forwarded = { host: rewritten.host, sourceIp, sourcePort, headers, at: world.clock.now() };
    return {
      ...place,
      method: received.method,
      url: rewritten.url,
      host: targetHost(loadBalancer, listener, rewritten.host),
      headers: targetHeaders(loadBalancer, listener, { ...forwarded, socket: request.socket }, this.#random),
      idleMs: Number(loadBalancerAttribute(loadBalancer, 'idle_timeout.timeout_seconds')) * 1000,
    };
  }

  /** Aborts requests to targets whose deregistration delay is over. */
  cutDrained(): void {
    for (const { world, group, target, abort } of this.#inFlight) {
      const until = target.drainingUntil;
      if (until !== undefined && until <= world.clock.now() && !isRegistered(group, target)) abort.abort();
    }
  }

  close(): void {
    for (const { abort } of this.#inFlight) abort.abort();
    this.#http1.close();
    this.#http2.close();
  }
}

function cookiesFor(action: ForwardAction, group: TargetGroup, target: Target, at: number): ToTarget['cookies'] {
  const [toGroup, toTarget] = [groupStickiness(action), targetStickiness(group)];
  return (set) => {
    const sticks =
      toTarget && (toTarget.after === undefined || set.some((line) => line.startsWith(`${toTarget.after}=`)));
    return [
      ...(toGroup === undefined ? [] : stick('AWSALBTG', group.arn, toGroup, at)),
      ...(sticks ? stick(toTarget.cookie, targetName(target), toTarget.seconds, at) : []),
    ];
  };
}

/** Whether a draining target was registered again. */
const isRegistered = (group: TargetGroup, { id, port }: Target): boolean =>
  [...group.targets.values()].some((each) => each.id === id && each.port === port && each.drainingUntil === undefined);

/** docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-protocol-version */
function canSpeak({ protocolVersion }: TargetGroup, { version, method, headers }: Received): boolean {
  switch (protocolVersion) {
    case 'HTTP2':
      return version === 'HTTP/2';
    case 'GRPC':
      return version === 'HTTP/2' && method === 'POST';
    case 'HTTP1':
    case undefined:
      return !headers.get('content-type')?.some((type) => type.startsWith('application/grpc'));
  }
  return protocolVersion satisfies never;
}
