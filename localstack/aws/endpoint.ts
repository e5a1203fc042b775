import { Account } from './account.ts';
import { authenticate, readCredential } from './authenticate.ts';
import { Calls } from './calls.ts';
import type { Clock } from './clock.ts';
import { type Addressed, address, readInput, type WireRequest } from './decode.ts';
import { releaseLoadBalancers } from './elbv2/release.ts';
import type { AwsOptions } from './options.ts';
import type { Random } from './random.ts';
import { type Seed, seed } from './seed.ts';
import { AwsError, type Service } from './service.ts';
import { Throttle } from './throttle.ts';
import { encodeError, encodeResult, type WireResponse } from './wire/protocols.ts';
import type { World } from './world.ts';

function asAwsError(thrown: unknown): AwsError {
  if (thrown instanceof AwsError) return thrown;
  console.error(thrown);
  return new AwsError('InternalFailure', 'The embedded AWS failed; its own output says why', 500);
}

function unknownAction(service: Service, action: string): AwsError {
  const message = `The action ${action} is not valid for this endpoint.`;
  return service.protocol === 'json'
    ? new AwsError('UnknownOperationException', message)
    : new AwsError('InvalidAction', message);
}

/** What a request meets: decode → authenticate → throttle → act → encode. */
export class Endpoint {
  readonly options: AwsOptions;
  readonly calls: Calls;
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #throttle: Throttle;
  #seeded: Seed | undefined;

  constructor(options: AwsOptions, clock: Clock, random: Random) {
    this.options = options;
    this.calls = new Calls(clock);
    this.#clock = clock;
    this.#account = new Account(options, clock, random);
    this.#throttle = new Throttle(clock);
    this.reset();
  }

  /** What was seeded; undefined without the `seed` option. */
  get seeded(): Seed | undefined {
    return this.#seeded;
  }

  world(region: string): World {
    return this.#account.region(region).world;
  }

  /** Back to how it started: empty, or the seed alone. */
  reset(): void {
    this.#account.clear();
    this.#throttle.reset();
    this.#seeded = this.options.seed ? seed(this.world(this.options.region)) : undefined;
  }

  async answer(request: WireRequest, requestId: string): Promise<WireResponse> {
    const region = readCredential(request.authorization)?.region || this.options.region;
    const { world, services } = this.#account.region(region);
    let protocol: Service['protocol'] = request.target === undefined ? 'query' : 'json';
    let namespace = '';
    let name = '?';
    let outcome = 'ok';
    try {
      const addressed = address(request, services);
      ({ protocol, namespace } = addressed.service);
      name = `${addressed.service.name}:${addressed.action}`;
      return await this.#act(addressed, request.body, world, requestId);
    } catch (thrown) {
      const error = asAwsError(thrown);
      outcome = `${error.code}: ${error.message}`;
      return encodeError(protocol, namespace, requestId, error);
    } finally {
      if (this.options.log) console.log(`${region} ${name} ${outcome}`);
    }
  }

  async #act(addressed: Addressed, body: string, world: World, requestId: string): Promise<WireResponse> {
    const { service, action, credential } = addressed;
    this.calls.count(service.name, action);
    const input = readInput(addressed, body);
    const principal = authenticate(credential, service, this.options, this.#account.sessions, this.#clock);
    const perform = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
    if (!perform) throw unknownAction(service, action);
    if (this.options.throttling) this.#throttle.take(service, action, world.region);
    releaseLoadBalancers(world);
    const context = { region: world.region, accountId: this.options.accountId, requestId, principal };
    return encodeResult({ service, action, requestId }, await perform(input, context));
  }
}
