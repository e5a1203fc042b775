// Gateways whose ports may wait for other ports, because ports that open together cost one call.

import type { Clock } from '../../kube/clock.ts';
import type { ObjectKey } from '../../kube/object.ts';
import { portsTogetherMs } from '../timings.ts';

export class Gathering {
  readonly #clock: Clock;
  readonly #isServing: (gateway: ObjectKey) => boolean;
  /** When each Gateway first asked for a port; monotonic. */
  readonly #since = new Map<ObjectKey, number>();

  /** @param isServing whether a load balancer of the Gateway takes requests. If so, its ports wait for its next pass at most */
  constructor(clock: Clock, isServing: (gateway: ObjectKey) => boolean) {
    this.#clock = clock;
    this.#isServing = isServing;
  }

  /**
   * Whether the ports that a Gateway asks for now may wait.
   * @param knowsAll whether the Gateway's pass asks. Others do not know all ports: a serving Gateway's pass may find more
   */
  mayWait(gateway: ObjectKey, knowsAll: boolean): boolean {
    if (!this.#isServing(gateway)) {
      if (!this.#since.has(gateway)) this.#since.set(gateway, this.#clock.monotonic());
    } else if (knowsAll) this.#since.delete(gateway);
    return this.#waits(gateway);
  }

  /** Whether the ports of any Gateway wait. */
  isOn(): boolean {
    return [...this.#since.keys()].some((gateway) => this.#waits(gateway));
  }

  forget(gateway: ObjectKey): void {
    this.#since.delete(gateway);
  }

  #waits(gateway: ObjectKey): boolean {
    const since = this.#since.get(gateway);
    return since !== undefined && this.#clock.monotonic() - since < portsTogetherMs;
  }
}
