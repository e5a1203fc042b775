// The resources of a Gateway that exist in AWS (the "standing" ones), as far as a pass's model needs them.
import { GATEWAY_GROUP } from '../../api/gateway-api.ts';
import type { BackendService } from '../../gateway/backend-service.ts';
import { backendService } from '../../gateway/backends.ts';
import type { Sources } from '../../gateway/gather.ts';
import { isPermitted } from '../../gateway/grants.ts';
import type { RouteRef } from '../../gateway/problem-place.ts';
import { type ObjectKey, objectKey, parseObjectKey } from '../../kube/object.ts';
import { addressesIn, isAnnounced, isComing, isHandingOver } from '../handover.ts';
import { formOf, loadBalancerName } from '../model/form.ts';
import { gatewayTagValue, resourceId } from '../model/naming.ts';
import type { Plane } from '../model/plane.ts';
import type { ResourceId } from '../model/resources.ts';
import type { Standing, StandingCertificate, StandingCertificates } from '../model/standing.ts';
import { standingTargetGroups } from '../model/standing-target-groups.ts';
import type { AwsTopology } from '../translation.ts';
import type { Inventory } from './inventory.ts';
import type { ListenerRecord } from './records.ts';
import { standingRules } from './standing-rules.ts';

/** The sources for finding what exists. */
export interface StandingSources {
  readonly inventory: Inventory;
  /** Undefined if not known yet. */
  readonly vpcId: string | undefined;
  readonly sources: Pick<Sources, 'service' | 'grantsIn' | 'gateway'>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long an old address still serves, in milliseconds. */
  readonly handover: number;
}

/** An input of the Gateway's model. */
export function standingOf(
  { inventory, vpcId, sources, now, handover }: StandingSources,
  { gateway, settings, ...asked }: Pick<AwsTopology, 'gateway' | 'settings' | 'ports' | 'planes' | 'addresses'>,
): Standing {
  const owned = inventory.owned(gatewayTagValue(gateway));
  const balancers = owned.filter((each) => each.kind === 'load-balancer');
  const announced = addressesIn(sources.gateway(gateway));
  const addressed = balancers.filter((each) => !isComing(each) || isAnnounced(announced, each));
  const loadBalancers = new Set(addressed.map(({ id }) => id));
  const form = formOf(asked, loadBalancers);
  const standingOn = (plane: Plane) => {
    const name = loadBalancerName(plane, settings.scheme);
    return {
      ...standingPlace(inventory, gateway, name),
      certificates: standingCertificates(inventory, gateway, name),
      ...standingRules(owned, name, now),
    };
  };
  const groups = owned.filter(({ kind }) => kind === 'target-group');
  const backends = groups.flatMap(({ id }) => backendsOf(id, sources));
  const known = vpcId === undefined ? [] : standingTargetGroups(groups, backends, vpcId);
  const byId = new Map(known.map((group) => [group.id, group]));
  return {
    ...(form === 'front' && { isHandingOver: isHandingOver(balancers, settings.scheme, now - handover) }),
    loadBalancers,
    ...standingOn(form === 'nlb' ? 'nlb' : 'alb'),
    ...(form === 'front' && { front: standingOn('nlb') }),
    madeGroups: inventory.securityGroups(),
    targetGroups: groups.map(({ id }) => byId.get(id) ?? { id, spec: { targetType: 'ip' } }),
    isPermitted: (route, service) => mayUse(sources, route, service),
  };
}

/**
 * The backends of the Service and port in an id `target-group/SCHEME/NAMESPACE/NAME/PORT/HASH`, as they are now, for any kind
 * of route.
 */
function backendsOf(id: ResourceId, sources: Pick<Sources, 'service'>): readonly BackendService[] {
  const [, , namespace = '', name = '', number] = id.split('/');
  const key = objectKey({ namespace, name });
  const service = sources.service(key);
  return (
    (service?.spec.ports ?? [])
      .filter(({ port, protocol = 'TCP' }) => String(port) === number && protocol !== 'SCTP')
      // No EndpointSlices: they say where UDP is checked, and AWS has that.
      .flatMap((port) => (service === undefined ? [] : backendService(key, service, port, [])))
      .flatMap((backend) => [backend, { ...backend, grpc: true as const }])
  );
}

function mayUse(sources: Pick<Sources, 'grantsIn'>, route: RouteRef, service: ObjectKey): boolean {
  const { namespace: from = '' } = parseObjectKey(route.key);
  const { namespace = '', name } = parseObjectKey(service);
  const referrer = { group: GATEWAY_GROUP, kind: route.kind, namespace: from };
  return isPermitted(sources.grantsIn(namespace), referrer, { group: '', kind: 'Service', namespace, name });
}

function standingPlace(
  inventory: Inventory,
  gateway: ObjectKey,
  name: string,
): Pick<Standing, 'subnets' | 'addresses'> {
  const [found] = inventory.find(resourceId('load-balancer', name), gatewayTagValue(gateway));
  if (found?.kind !== 'load-balancer') return { subnets: [] };
  return { subnets: found.subnets, ...(found.given !== undefined && { addresses: found.given }) };
}

/** The certificates that the listeners serve, by port. */
function standingCertificates(
  inventory: Inventory,
  gateway: ObjectKey,
  name: string,
): ReadonlyMap<number, StandingCertificates> {
  const standing = (arn: string): StandingCertificate => {
    const record = inventory.get(arn);
    return { arn, ...(record?.kind === 'certificate' && { certificate: record.id }) };
  };
  const listeners = inventory.recordsOf(gatewayTagValue(gateway)).filter((record) => record.kind === 'listener');
  // While one load balancer replaces another, both have a listener for the port. Use the new load balancer's listener.
  const isNew = ({ id, port }: ListenerRecord): boolean => id === resourceId('listener', name, port);
  return new Map(
    listeners
      .toSorted((a, b) => Number(isNew(a)) - Number(isNew(b)))
      .flatMap((record) => {
        if (record.certificate === undefined) return [];
        const listed = (record.extraCertificates ?? []).map(standing);
        return [[record.port, { defaultCertificate: standing(record.certificate), listed }] as const];
      }),
  );
}
