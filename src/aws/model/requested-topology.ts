// The topology with a place for each address that the Gateway requests.
import type { SubnetAddresses } from '../../api/load-balancer-configuration.ts';
import type { Problem } from '../problem.ts';
import type { AwsTopology } from '../translation.ts';
import type { Given } from './assemble.ts';
import { formOf } from './form.ts';
import { requestedPlaces } from './nlb/requested.ts';

export interface RequestedTopology {
  /** Absent if the Gateway cannot have its addresses, and nothing serves yet. */
  readonly topology?: AwsTopology;
  readonly problems: readonly Problem[];
}

/** If the Gateway cannot have its addresses, what serves stays where it is, and takes all other changes. */
export function withRequestedPlaces(asked: AwsTopology, { network, options, standing }: Given): RequestedTopology {
  const { addresses, settings } = asked;
  const form = formOf(asked, standing.loadBalancers);
  if (addresses === undefined || form === 'alb') return { topology: asked, problems: [] };
  const nlb = form === 'front' ? { subnets: [], ...standing.front } : standing;
  const around = { settings, network, clusterName: options.clusterName, standing: nlb };
  const { mappings, problems } = requestedPlaces(addresses, around);
  if (mappings !== undefined) return { topology: withMappings(asked, mappings), problems };
  if (nlb.subnets.length > 0) {
    const present = new Map(nlb.addresses?.map((each) => [each.subnet, each]));
    const stay = nlb.subnets.map((subnet) => present.get(subnet) ?? { subnet });
    return { topology: withMappings(asked, stay), problems };
  }
  const { addresses: _, ...others } = asked;
  return standing.subnets.length > 0 ? { topology: others, problems } : { problems };
}

const withMappings = (asked: AwsTopology, subnetMappings: readonly SubnetAddresses[]): AwsTopology => ({
  ...asked,
  settings: { ...asked.settings, subnetMappings },
});
