// The registered targets, read from the embedded AWS's state, so that our reads are not counted as calls.
import type { TargetGroup } from '../../localstack/aws/elbv2/state.ts';
import type { Aws } from '../../localstack/aws/server.ts';
import { type Pods, targetOf } from './pods.ts';
import { namespace } from './workload.ts';

const resourceTag = 'gatehouse.dev/resource';

export class Registered {
  readonly #groups = new Map<string, TargetGroup>();

  /** Reads the target groups that exist now. */
  constructor({ world }: Aws) {
    for (const group of world().elbv2.targetGroups.values()) {
      const service = new RegExp(`/${namespace}/([^/]+)/`).exec(group.tags.get(resourceTag) ?? '')?.[1];
      if (service !== undefined) this.#groups.set(service, group);
    }
  }

  /** Whether AWS sends requests to the pod. A draining pod gets none. */
  has(service: string, address: string): boolean {
    const target = this.#groups.get(service)?.targets.get(targetOf(address));
    return target !== undefined && target.drainingUntil === undefined;
  }

  /** Whether AWS has exactly the Service's pods. */
  isAs(pods: Pods, service: string): boolean {
    const wanted = new Set([...pods.of(service)].map(targetOf));
    const targets = [...(this.#groups.get(service)?.targets ?? [])];
    const present = new Set(targets.flatMap(([key, target]) => (target.drainingUntil === undefined ? key : [])));
    return wanted.size === present.size && wanted.isSubsetOf(present);
  }
}
