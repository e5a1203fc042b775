// What was derived last for each Gateway. A feed and the passes share it: mostly, a pass finds what the feed has just derived.
import type { GatewayInput } from '../gateway/input.ts';
import type { Topology } from '../gateway/topology.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Accepted, Built, Derivation } from './provider.ts';

/** Certificates expire, so a result holds for a moment only. In milliseconds. */
const momentMs = 1000;

export class Derivations<T extends Topology, Facts, Model> {
  readonly #areSameFacts: (a: Facts, b: Facts) => boolean;
  readonly #byGateway = new Map<ObjectKey, Derivation<T, Facts, Model>>();

  /** @param areSameFacts whether the same model would be made from them */
  constructor(areSameFacts: (a: Facts, b: Facts) => boolean) {
    this.#areSameFacts = areSameFacts;
  }

  asked(input: GatewayInput): Accepted<T> | undefined {
    const last = this.#byGateway.get(keyOf(input));
    return last !== undefined && areSameInputs(last.input, input) ? last.asked : undefined;
  }

  built(input: GatewayInput, asked: Accepted<T>, facts: Facts): Built<Model> | undefined {
    const last = this.#byGateway.get(keyOf(input));
    return last?.asked === asked && this.#areSameFacts(last.facts, facts) ? last.built : undefined;
  }

  keep(derivation: Derivation<T, Facts, Model>): void {
    this.#byGateway.set(keyOf(derivation.input), derivation);
  }

  forget(gateway: ObjectKey): void {
    this.#byGateway.delete(gateway);
  }
}

const keyOf = ({ gateway }: GatewayInput): ObjectKey => objectKey(gateway.metadata);

/** Whether all their objects are the same. Only the time may differ a little. */
function areSameInputs({ now: before, ...last }: GatewayInput, { now, ...input }: GatewayInput): boolean {
  const elapsedMs = now - before;
  if (elapsedMs < 0 || elapsedMs >= momentMs) return false;
  return haveSame(Object.entries(last), Object.entries(input), ([name, value], [otherName, other]) => {
    return name === otherName && areSame(value, other);
  });
}

function areSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return haveSame(a, b, areSame);
  return a instanceof Map && b instanceof Map && a.size === b.size && haveSame([...a], [...b], areSame);
}

const haveSame = <V>(a: readonly V[], b: readonly V[], same: (a: V, b: V) => boolean): boolean =>
  a.length === b.length &&
  a.every((value, index) => {
    const other = b[index];
    return other !== undefined && same(value, other);
  });
