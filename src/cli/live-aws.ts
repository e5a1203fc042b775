// Reads what a cluster's Gateways have in AWS, as the controller does. It writes nothing.

import type { Gateway, ListenerSet, ReferenceGrant } from '../api/gateway-api.ts';
import { certificateArns } from '../aws/certificate-arns.ts';
import { type AwsClients, createAwsClients } from '../aws/clients.ts';
import { CertificateOwners } from '../aws/inventory/certificate-owners.ts';
import { Inventory } from '../aws/inventory/inventory.ts';
import { standingOf } from '../aws/inventory/standing.ts';
import { Limits } from '../aws/limits.ts';
import { type ClusterIdentity, gatewayTagValue, resourceId } from '../aws/model/naming.ts';
import { gatewayOwner } from '../aws/model/owner.ts';
import { PLACEHOLDER_NETWORK } from '../aws/model/placeholder-network.ts';
import type { Standing } from '../aws/model/standing.ts';
import { findBackendSecurityGroup } from '../aws/network/backend-group.ts';
import { discoverNetwork, vpcOfInstances } from '../aws/network/discover.ts';
import { instanceMetadata } from '../aws/network/instance-metadata.ts';
import type { Network } from '../aws/network/network.ts';
import { findRegion, instanceOf } from '../aws/network/place.ts';
import { withRequestedAddresses } from '../aws/network/requested-addresses.ts';
import type { Observed } from '../aws/observed.ts';
import { OwnWrites } from '../aws/own-writes.ts';
import type { Problem } from '../aws/problem.ts';
import { Membership } from '../aws/targets/membership.ts';
import type { AwsTopology } from '../aws/translation.ts';
import type { Config } from '../config.ts';
import { requestedAddresses } from '../gateway/gateway-fields.ts';
import type { CertificateOwner } from '../gateway/input.ts';
import { checkManifest } from '../gateway/manifest-shape.ts';
import { listenerSetGateway } from '../gateway/references.ts';
import { systemClock } from '../kube/clock.ts';
import { type ObjectKey, objectKey } from '../kube/object.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LiveCluster } from './live-cluster.ts';
import { UnreadableError } from './manifest-files.ts';

/** AWS's state, for the pure stages. */
export interface LiveAws {
  readonly region: string;
  readonly clusterUid: string;
  /** The network, with the addresses that the Gateway requests. */
  readonly networkOf: (gateway: ObjectKey) => Network;
  /** Problems that block every change of the controller. */
  readonly problems: readonly Problem[];
  readonly observed: (gateway: ObjectKey) => Observed;
  readonly standing: (topology: AwsTopology) => Standing;
  /** The ARN of the certificate that was imported from a Secret. */
  readonly imported: (secret: ObjectKey) => string | undefined;
  /** Who may use a certificate that a listener of the Gateway names by ARN. */
  readonly certificateOwner: (arn: string, gateway: ObjectKey) => CertificateOwner;
  /** Other Gateways that have resources, by their tags. */
  readonly others: (
    gateways: readonly ObjectKey[],
  ) => readonly { readonly gateway: string; readonly resources: number }[];
}

/**
 * @param objects their certificates are looked up
 * @throws AwsError, ConfigError without a region, or UnreadableError without a VPC
 */
export async function readAws(
  config: Config,
  cluster: LiveCluster,
  objects: readonly unknown[],
  signal: AbortSignal,
): Promise<LiveAws> {
  const region = await findRegion(config, cluster.nodes, process.env, signal);
  const clients = readOnlyClients(region, config, signal);
  try {
    const identity = { clusterName: config.clusterName, clusterUid: cluster.uid };
    const inventory = new Inventory({ clients, cluster: identity, membership: forgetful(signal), clock: systemClock });
    const [problems, network] = await Promise.all([
      inventory.load(),
      networkOf(clients, identity, { config, cluster, region, signal }),
    ]);
    const owners = new CertificateOwners({ clients, cluster: identity, inventory, clock: systemClock });
    for (const owner of objects.filter(hasListeners)) {
      await owners.learn(keyOf(owner), certificateArns(owner));
      await inventory.learnServed(keyOf(owner));
    }
    const requested = new Map<ObjectKey, Network>();
    for (const { metadata, spec } of objects.filter(hasListeners).filter((each) => each.kind === 'Gateway')) {
      const key = objectKey(metadata);
      const owned = inventory.owned(gatewayTagValue(key));
      requested.set(key, await withRequestedAddresses(clients, network, owned, requestedAddresses(spec)));
    }
    const grants = objects.filter(isGrant);
    // A plan registers no targets, so it needs no Services.
    const sources = {
      service: () => undefined,
      gateway: () => undefined,
      grantsIn: (namespace: string) => grants.filter(({ metadata }) => metadata.namespace === namespace),
    };
    return {
      region,
      clusterUid: cluster.uid,
      networkOf: (gateway) => requested.get(gateway) ?? network,
      problems,
      observed: (gateway) => inventory.observed(gatewayOwner(gateway), systemClock.now()),
      standing: (topology) => {
        const times = { now: systemClock.now(), handover: config.handoverPeriod };
        return standingOf({ inventory, vpcId: network.vpcId, sources, ...times }, topology);
      },
      imported: (secret) => {
        const outdated = new Set(inventory.outdatedCertificates().map(({ arn }) => arn));
        return inventory.find(resourceId('certificate', secret)).find(({ arn }) => !outdated.has(arn))?.arn;
      },
      certificateOwner: (arn, gateway) => owners.of(arn, gateway),
      others: (gateways) => {
        const known = new Set(gateways.map(gatewayTagValue));
        const others = inventory.gateways().filter((each) => each !== '' && !known.has(each));
        return others.map((gateway) => ({ gateway, resources: inventory.owned(gateway).length }));
      },
    };
  } finally {
    clients.destroy();
  }
}

const isGrant = (object: unknown): object is ReferenceGrant => {
  const checked = checkManifest(object);
  return checked.kind === 'valid' && checked.object.kind === 'ReferenceGrant';
};

const hasListeners = (object: unknown): object is Gateway | ListenerSet => {
  const checked = checkManifest(object);
  return checked.kind === 'valid' && ['Gateway', 'ListenerSet'].includes(checked.object.kind);
};

/** The key of the Gateway. */
const keyOf = (owner: Gateway | ListenerSet): ObjectKey =>
  owner.kind === 'Gateway' ? objectKey(owner.metadata) : (listenerSetGateway(owner) ?? objectKey(owner.metadata));

export function readOnlyClients(region: string, { awsRateFactor }: Pick<Config, 'awsRateFactor'>, signal: AbortSignal) {
  return createAwsClients({
    region,
    userAgent: 'gatehouse-cli',
    mayCall: (action) => {
      if (!/^(Describe|Get|List)/.test(action)) throw new Error(`Expected a read of AWS, got ${action}`);
    },
    limits: new Limits(systemClock, awsRateFactor),
    writes: new OwnWrites(systemClock, 0),
    metrics: { call: () => undefined },
    signal,
  });
}

interface Where {
  readonly config: Config;
  readonly cluster: LiveCluster;
  readonly region: string;
  readonly signal: AbortSignal;
}

async function networkOf(
  clients: AwsClients,
  identity: ClusterIdentity,
  { config, cluster, region, signal }: Where,
): Promise<Network> {
  const instances = cluster.nodes.flatMap((node) => instanceOf(node) ?? []);
  const vpcId =
    config.awsVpcId ??
    (await vpcOfInstances(clients, instances)) ??
    (await instanceMetadata(process.env, signal))?.vpcId;
  if (vpcId === undefined) throw new UnreadableError('--aws-vpc-id is required: no Node tells the VPC');
  const group = await findBackendSecurityGroup(clients, identity, vpcId);
  // If there is no group yet, the next pass creates it. For the plan, a placeholder is enough.
  const backendSecurityGroupId = group?.kind === 'ready' ? group.groupId : PLACEHOLDER_NETWORK.backendSecurityGroupId;
  return discoverNetwork(clients, { region, vpcId, backendSecurityGroupId });
}

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** Stores nothing: only the controller records confirmed targets. */
function forgetful(signal: AbortSignal): Membership {
  const persistence = { load: () => Promise.resolve({}), save: () => Promise.resolve() };
  return new Membership({ persistence, clock: systemClock, logger: silent, signal });
}
