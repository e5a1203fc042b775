import { setTimeout as sleep } from 'node:timers/promises';
import { Account } from './account.ts';
import { authenticate, readCredential } from './authenticate.ts';
import { Calls } from './calls.ts';
import type { Clock } from './clock.ts';
import { DataPlane } from './dataplane/data-plane.ts';
import { type Addressed, address, readInput, type WireRequest } from './decode.ts';
import { releaseLoadBalancers } from './elbv2/release.ts';
import { ConnectionCut, type Fate, Faults } from './faults/faults.ts';
import { isLagging, Past } from './faults/past.ts';
import { optionsUnder } from './faults/switches.ts';
import { Iam } from './iam/iam.ts';
import type { AwsOptions } from './options.ts';
import type { Random } from './random.ts';
import { readSaved, writeSaved } from './saved.ts';
import { type Seed, seed } from './seed.ts';
import { type Action, AwsError, type CallContext, type Input, type Output, type Service } from './service.ts';
import { Throttle, throttled } from './throttle.ts';
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

/** A wait that does not keep the process alive. */
async function suffer({ delayMs, outcome }: Fate): Promise<void> {
  if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
  if (outcome.kind === 'cut') throw new ConnectionCut('cut before it was carried out');
  if (outcome.kind === 'refuse') throw outcome.error;
}

/** The stages of a request: decode → authenticate → faults → throttle → authorize → act → encode. */
export class Endpoint {
  /** The current options: faults may have changed them since the start. */
  readonly options: AwsOptions;
  readonly calls: Calls;
  readonly throttle: Throttle;
  readonly faults: Faults;
  readonly iam: Iam;
  /** Undefined without the `dataPlane` option. */
  readonly dataPlane: DataPlane | undefined;
  readonly #clock: Clock;
  readonly #account: Account;
  readonly #pasts = new Map<World, Past>();
  readonly #state: string | undefined;
  #seeded: Seed | undefined;

  /** @param state the initial state, from `save` */
  constructor(options: AwsOptions, clock: Clock, random: Random, state?: string) {
    this.#state = state;
    this.faults = new Faults(options.faults);
    this.options = optionsUnder(options, this.faults);
    this.calls = new Calls(clock);
    this.throttle = new Throttle(clock);
    this.iam = new Iam(options.policies);
    this.#clock = clock;
    this.#account = new Account(this.options, clock, random);
    this.dataPlane = options.dataPlane && new DataPlane(options.dataPlane, random, () => this.#account.worlds());
    this.reset();
  }

  /** The seed's ids; undefined without the `seed` option. */
  get seeded(): Seed | undefined {
    return this.#seeded;
  }

  /** The objects of S3, by `BUCKET/KEY`. */
  get objects(): Map<string, string> {
    return this.#account.objects;
  }

  world(region: string): World {
    return this.#account.region(region).world;
  }

  /** The account's complete state. */
  save(): string {
    return writeSaved({ ...this.#account.save(), seeded: this.#seeded });
  }

  /** Back to the start: empty, the seed, or the initial state. */
  reset(): void {
    this.#account.clear();
    this.throttle.reset();
    this.#pasts.clear();
    this.clearFaults();
    this.iam.reset();
    this.#seeded = this.#start();
    void this.dataPlane?.sync();
  }

  #start(): Seed | undefined {
    if (this.#state === undefined) return this.options.seed ? seed(this.world(this.options.region)) : undefined;
    const saved = readSaved(this.#state);
    this.#account.restore(saved);
    return saved.seeded;
  }

  /** Back to the initial faults, if any. */
  clearFaults(): void {
    this.faults.set(this.options.faults);
  }

  /** @throws ConnectionCut if a fault prevents the answer. */
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
      if (thrown instanceof ConnectionCut) {
        outcome = thrown.message;
        throw thrown;
      }
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
    const admitted = this.throttle.admits(service, action, input, world.region);
    const principal = authenticate(credential, service, this.options, this.#account.sessions, this.#clock);
    const perform = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
    if (!perform) throw unknownAction(service, action);
    const fate = this.faults.draw(service, action);
    await suffer(fate);
    if (this.options.throttling && !admitted) throw throttled(service.name);
    this.iam.authorize({ service, action, input, world, principal });
    releaseLoadBalancers(world);
    const context = { region: world.region, accountId: this.options.accountId, requestId, principal };
    const acting = this.#carryOut(this.#actionNow(service, action, perform, world), input, context);
    if (fate.outcome.kind === 'answer-lost') {
      await Promise.allSettled([acting]);
      throw new ConnectionCut('carried out, and the answer lost');
    }
    return encodeResult({ service, action, requestId }, await acting);
  }

  async #carryOut(perform: Action, input: Input, context: CallContext): Promise<Output> {
    const output = await perform(input, context);
    await this.dataPlane?.sync();
    return output;
  }

  /** The action on the current state of the region, or on a past state if reads lag. */
  #actionNow(service: Service, action: string, perform: Action, world: World): Action {
    const lagMs = this.faults.plan.readLagSeconds * 1000;
    if (lagMs === 0) return perform;
    const past = this.#pasts.get(world) ?? new Past(world);
    this.#pasts.set(world, past);
    if (isLagging(service, action)) return past.asOf(lagMs, service.name)?.actions[action] ?? perform;
    past.keep(lagMs);
    return perform;
  }
}
