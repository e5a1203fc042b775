// The target groups of each Service, recorded by the last pass over each Gateway. So the endpoints pass finds its target
// groups without translating a Gateway again.

import type { ObjectKey } from '../../kube/object.ts';
import { sameJson } from '../../kube/same-json.ts';
import type { TargetSelection } from '../model/resources.ts';
import type { OwnedResource } from '../observed.ts';

export interface Binding {
  readonly gateway: ObjectKey;
  readonly arn: string;
  readonly group: TargetSelection;
}

export class Bindings {
  readonly #byGateway = new Map<ObjectKey, readonly Binding[]>();
  readonly #byService = new Map<ObjectKey, Set<Binding>>();

  /**
   * Replaces the Gateway's bindings by its existing target groups. A group that is no longer desired stays bound while it
   * exists, because it serves until its successor is healthy, and requests may be in flight after that.
   * @returns the Services that have a new group, or whose group now has other targets or checks them at another port
   */
  bind(gateway: ObjectKey, desired: readonly TargetSelection[], owned: readonly OwnedResource[]): readonly ObjectKey[] {
    const groups = owned.filter(({ kind }) => kind === 'target-group');
    const arns = new Map(groups.map(({ id, arn }) => [id, arn]));
    const before = new Map(this.ofGateway(gateway).map(({ arn, group }) => [arn, needsOf(group)]));
    const found = desired.flatMap((group): readonly Binding[] => {
      const arn = arns.get(group.id);
      return arn === undefined ? [] : [{ gateway, arn, group }];
    });
    const left = new Set(groups.map(({ arn }) => arn)).difference(new Set(found.map(({ arn }) => arn)));
    const bindings = [...found, ...this.ofGateway(gateway).filter(({ arn }) => left.has(arn))];
    this.release(gateway);
    this.#byGateway.set(gateway, bindings);
    for (const binding of bindings) {
      const service = binding.group.backend?.service;
      if (service !== undefined) this.#byService.set(service, (this.#byService.get(service) ?? new Set()).add(binding));
    }
    return bindings.flatMap(({ arn, group }) =>
      sameJson(before.get(arn), needsOf(group)) ? [] : (group.backend?.service ?? []),
    );
  }

  release(gateway: ObjectKey): void {
    for (const binding of this.ofGateway(gateway)) {
      const service = binding.group.backend?.service;
      if (service === undefined) continue;
      const bindings = this.#byService.get(service);
      bindings?.delete(binding);
      if (bindings?.size === 0) this.#byService.delete(service);
    }
    this.#byGateway.delete(gateway);
  }

  ofService(service: ObjectKey): readonly Binding[] {
    return [...(this.#byService.get(service) ?? [])];
  }

  ofGateway(gateway: ObjectKey): readonly Binding[] {
    return this.#byGateway.get(gateway) ?? [];
  }

  ofGroup(arn: string): Binding | undefined {
    for (const bindings of this.#byGateway.values()) {
      const found = bindings.find((binding) => binding.arn === arn);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The Services that have a target group. */
  services(): readonly ObjectKey[] {
    return [...this.#byService.keys()];
  }

  /** The Services that have a target group of type instance. */
  nodeServices(): readonly ObjectKey[] {
    const services = [...this.#byGateway.values()]
      .flat()
      .flatMap(({ group }) => (group.spec.targetType === 'instance' ? (group.backend?.service ?? []) : []));
    return [...new Set(services)];
  }
}

const needsOf = ({ backend, spec }: TargetSelection) => ({ backend, port: spec.healthCheck?.port });
