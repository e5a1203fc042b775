// MetalLB's other side in memory: an API server, and a MetalLB that has one address.
import { secrets, services, tokenReviews } from '../../api/kinds.ts';
import type { TokenReview } from '../../api/workloads.ts';
import { reviewOf, tokenOf } from '../../envoy/ads/testing/tokens.ts';
import type { Kind } from '../../kube/kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import { MemoryClient } from '../../kube/testing/memory-client.ts';
import type { Rig } from '../../provider/testing/lab.ts';
import { boundTo } from '../slots.ts';
import { type Addresses, type MetallbRigOptions, makeAuthority, metallbRig } from './contract-rig.ts';

const { signal } = new AbortController();

/** The same for all clusters, because the objects of a Gateway have it. */
const authority = makeAuthority(new MemoryClient());

export async function memoryRig(options: Pick<MetallbRigOptions, 'node'> = {}): Promise<Rig> {
  const client = new ApiServer();
  await client.create(secrets, Object(await authority), signal);
  return await metallbRig({
    ...options,
    client,
    addresses: oneAddress(client),
    tokenOf: async ({ metadata: { namespace, name, uid }, spec }) =>
      tokenOf(name, {
        'kubernetes.io': { namespace, pod: { name, uid }, serviceaccount: { name: spec.serviceAccountName } },
      }),
  });
}

function oneAddress(client: MemoryClient): Addresses {
  let isGiven = true;
  return {
    settle: async () => {
      for (const service of (await client.list(services)).items) {
        if (service.spec.type !== 'LoadBalancer' || boundTo(service).length > 0 || !isGiven) continue;
        const status = { loadBalancer: { ingress: [{ ip: '10.249.0.1' }] } };
        await client.updateStatus(services, { ...service, status }, signal);
      }
    },
    withhold: async () => {
      isGiven = false;
    },
    giveAgain: async () => {
      isGiven = true;
    },
  };
}

/** An API server that answers for the tokens of Envoys. */
class ApiServer extends MemoryClient {
  override async create<T extends KubeObject>(kind: Kind<T>, object: T, until: AbortSignal): Promise<T> {
    return isReview(object) ? { ...object, status: reviewOf(object.spec.token) } : super.create(kind, object, until);
  }
}

const isReview = (object: KubeObject): object is TokenReview => object.kind === tokenReviews.kind;
