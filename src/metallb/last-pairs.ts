// The key pairs that Gateways used last. If a Secret becomes unusable or is deleted, its listeners keep them, as long as this
// process lives.
import type { KeyPair } from '../envoy/model/secrets.ts';
import type { ObjectKey } from '../kube/object.ts';

type Pairs = ReadonlyMap<ObjectKey, KeyPair>;

export class LastPairs {
  readonly #byGateway = new Map<ObjectKey, Pairs>();
  /** How many Gateways use the Secret, and its pair. */
  readonly #bySecret = new Map<ObjectKey, { readonly pair: KeyPair; readonly users: number }>();

  get(secret: ObjectKey): KeyPair | undefined {
    return this.#bySecret.get(secret)?.pair;
  }

  /** @param pairs all that the Gateway uses now */
  use(gateway: ObjectKey, pairs: Pairs): void {
    for (const [secret, pair] of pairs) this.#count(secret, 1, pair);
    for (const [secret, pair] of this.#byGateway.get(gateway) ?? []) this.#count(secret, -1, pairs.get(secret) ?? pair);
    if (pairs.size === 0) this.#byGateway.delete(gateway);
    else this.#byGateway.set(gateway, pairs);
  }

  #count(secret: ObjectKey, more: 1 | -1, pair: KeyPair): void {
    const users = (this.#bySecret.get(secret)?.users ?? 0) + more;
    if (users === 0) this.#bySecret.delete(secret);
    else this.#bySecret.set(secret, { pair, users });
  }
}
