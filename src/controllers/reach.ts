// Which security groups stand in front of which targets: what the load balancers are to be admitted to.
import type { EndpointSlice, Node } from '../api/core.ts';
import type { Reach } from '../aws/admissions.ts';
import type { AwsClients } from '../aws/clients.ts';
import { groupsOfAddresses, nodeSecurityGroups } from '../aws/discover.ts';
import { KeyedLock } from '../aws/keyed-lock.ts';
import type { TargetSelection } from '../aws/model/resources.ts';
import type { Target } from '../aws/model/targets.ts';
import type { Clock } from '../kube/clock.ts';
import { instanceOf } from './place.ts';

/** What EC2 did not know is asked for again after this long. In milliseconds. */
const unknownForMs = 300_000;

/** Remembers the group of each instance and address; only what is new costs a call, and a new instance has all read. */
export class Reaches {
  readonly #clients: AwsClients;
  readonly #clusterName: string;
  readonly #clock: Clock;
  readonly #groups = new Map<string, string>();
  readonly #unknown = new Map<string, number>();
  readonly #lock = new KeyedLock();

  constructor(clients: AwsClients, clusterName: string, clock: Clock) {
    this.#clients = clients;
    this.#clusterName = clusterName;
    this.#clock = clock;
  }

  /**
   * A pod's traffic passes the group of its node, whose network interfaces carry the pods' addresses; a pod on no EC2
   * node (Fargate) has an interface of its own.
   * @throws AwsError
   */
  async of(
    { spec: { targetType } }: TargetSelection,
    targets: readonly Target[],
    slices: readonly EndpointSlice[],
    nodes: ReadonlyMap<string, Node>,
  ): Promise<readonly Reach[]> {
    const hosts = targetType === 'ip' ? hostsOf(slices, nodes) : new Map<string, string>();
    const carriers = targets.map(({ id, port }) => ({ carrier: hosts.get(id) ?? id, port }));
    await this.#learn(
      carriers.map(({ carrier }) => carrier),
      nodes,
    );
    const reaches = new Map<string, Reach>();
    for (const { carrier, port } of carriers) {
      const groupId = this.#groups.get(carrier);
      if (groupId !== undefined) reaches.set(`${groupId} ${port}`, { groupId, targetType, port });
    }
    return [...reaches.values()];
  }

  /** One at a time: whoever asks for what another is learning finds it known. */
  #learn(carriers: readonly string[], nodes: ReadonlyMap<string, Node>): Promise<void> {
    return this.#lock.run('learn', async () => {
      const now = this.#clock.monotonic();
      const isUnknown = (carrier: string): boolean =>
        !this.#groups.has(carrier) && now - (this.#unknown.get(carrier) ?? -unknownForMs) >= unknownForMs;
      const asked = new Set(carriers.filter(isUnknown));
      const addresses = [...asked].filter((carrier) => !isInstance(carrier));
      // The other nodes will be asked for next.
      if (addresses.length < asked.size) {
        for (const node of nodes.values()) {
          const instance = instanceOf(node);
          if (instance !== undefined && isUnknown(instance)) asked.add(instance);
        }
      }
      const instances = [...asked].filter(isInstance);
      const found = await Promise.all([
        instances.length > 0 ? nodeSecurityGroups(this.#clients, instances, this.#clusterName) : [],
        addresses.length > 0 ? groupsOfAddresses(this.#clients, addresses, this.#clusterName) : [],
      ]);
      for (const [carrier, groupId] of found.flatMap((groups) => [...groups])) this.#groups.set(carrier, groupId);
      for (const carrier of asked) if (!this.#groups.has(carrier)) this.#unknown.set(carrier, now);
    });
  }
}

const isInstance = (carrier: string): boolean => carrier.startsWith('i-');

/** The EC2 instance that each address is on, as far as it is on one. */
function hostsOf(slices: readonly EndpointSlice[], nodes: ReadonlyMap<string, Node>): ReadonlyMap<string, string> {
  const hosts = new Map<string, string>();
  for (const { addresses, nodeName } of slices.flatMap(({ endpoints }) => endpoints ?? [])) {
    const node = nodeName === undefined ? undefined : nodes.get(nodeName);
    const instance = node && instanceOf(node);
    if (instance !== undefined) for (const address of addresses) hosts.set(address, instance);
  }
  return hosts;
}
