// The pods of the workload: the state that AWS should reach.
import type { Connection } from '../../localstack/cluster/connection.ts';
import { podPort, serviceName, sliceOf } from './workload.ts';

/** The private subnets of the demo VPC are 10.0.48.0/20, 10.0.64.0/20 and 10.0.80.0/20; the nodes have the first addresses. */
function* subnetAddresses(): Generator<string> {
  for (let host = 64; host < 4080; host += 1) {
    for (const first of [48, 64, 80]) yield `10.0.${first + (host >> 8)}.${host & 255}`;
  }
}

export class Pods {
  readonly services: readonly string[];
  readonly #admin: Connection;
  /** The first freed address is used again first, as in CNI plugins. */
  readonly #free = [...subnetAddresses()];
  readonly #addresses = new Map<string, Set<string>>();
  /** The last write of each Service. The next write waits for it. */
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(admin: Connection, gateways: number, routes: number, podsPerService: number) {
    this.#admin = admin;
    this.services = Array.from({ length: gateways * routes }, (_, index) =>
      serviceName(Math.floor(index / routes), index % routes),
    );
    for (const service of this.services) {
      this.#addresses.set(service, new Set());
      for (let pod = 0; pod < podsPerService; pod += 1) this.add(service);
    }
  }

  of(service: string): ReadonlySet<string> {
    return this.#addresses.get(service) ?? new Set();
  }

  /** A new pod. @returns its address */
  add(service: string): string {
    const address = this.#free.shift();
    if (address === undefined) throw new Error('The subnets have no address left');
    this.#addresses.get(service)?.add(address);
    return address;
  }

  remove(service: string, address: string): void {
    this.#addresses.get(service)?.delete(address);
    this.#free.push(address);
  }

  /** Writes the Service's EndpointSlice after the previous write, with the pods at that time. */
  write(service: string): Promise<unknown> {
    const before = this.#writing.get(service) ?? Promise.resolve();
    const written = before.then(() => {
      const slice = sliceOf(service, [...this.of(service)]);
      const { name, namespace } = slice.metadata;
      const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}?fieldManager=bench&force=true`;
      return this.#admin.request('PATCH', path, { contentType: 'application/apply-patch+yaml', body: slice });
    });
    this.#writing.set(
      service,
      written.catch(() => undefined),
    );
    return written;
  }
}

export const targetOf = (address: string): string => `${address}|${podPort}`;
