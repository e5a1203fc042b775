// What is live of Gateways: load balancers in AWS, or Services and Envoys in the cluster.
import type { KubeClient } from '../kube/client.ts';
import { readOnlyClients } from './live-aws.ts';
import { readFleets } from './live-fleet.ts';
import { type LiveLoadBalancer, readLoadBalancers } from './live-load-balancer.ts';
import { UnreadableError } from './manifest-files.ts';
import type { GatewayReport } from './status-report.ts';

/**
 * Lists the load balancers once in each region that the addresses name. Without a Gateway on AWS it needs no region.
 * @throws AwsError, or UnreadableError without a region
 */
export async function withLoadBalancers(
  gateways: readonly GatewayReport[],
  region: string | undefined,
  signal: AbortSignal,
): Promise<readonly GatewayReport[]> {
  const names = Map.groupBy(
    gateways.filter(isOnAws).flatMap(({ addresses }) => addresses),
    (address) => region ?? regionOf(address),
  );
  const found = new Map<string, LiveLoadBalancer>();
  for (const [there, addresses] of names) {
    if (there === undefined) throw new UnreadableError(`--aws-region is required: ${addresses[0]} does not name it`);
    const clients = readOnlyClients(there, { awsRateFactor: 1 }, signal);
    try {
      for (const [name, each] of await readLoadBalancers(clients, new Set(addresses))) found.set(name, each);
    } finally {
      clients.destroy();
    }
  }
  return gateways.map((each) =>
    isOnAws(each)
      ? {
          ...each,
          loadBalancers: [...new Set(each.addresses.flatMap((address) => found.get(address) ?? []))],
          missing: each.addresses.filter((address) => !found.has(address)),
        }
      : each,
  );
}

const isOnAws = ({ provider }: GatewayReport): boolean => provider === 'aws';

/** An ALB has `NAME.REGION.elb.amazonaws.com`, an NLB `NAME.elb.REGION.amazonaws.com`. */
const regionOf = (address: string): string | undefined =>
  /\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:elb\.)?amazonaws\.com/.exec(address)?.[1];

/** @throws KubeError */
export async function withFleets(
  gateways: readonly GatewayReport[],
  client: KubeClient,
  signal: AbortSignal,
): Promise<readonly GatewayReport[]> {
  const onMetallb = gateways.filter(({ provider }) => provider === 'metallb').map(({ gateway }) => gateway);
  const fleets = await readFleets(client, onMetallb, signal);
  return gateways.map((each) => {
    const fleet = fleets.get(each.gateway);
    return fleet === undefined ? each : { ...each, fleet };
  });
}
