import type { World } from '../world.ts';
import type { LoadBalancer } from './state.ts';

// docs.aws.amazon.com/general/latest/gr/elb.html: Route 53 hosted zone ids of load balancers, by region.
const zones: Readonly<Record<string, { readonly application: string; readonly network: string }>> = {
  'us-east-1': { application: 'Z35SXDOTRQ7X7K', network: 'Z26RNL4JYFTOTI' },
  'us-east-2': { application: 'Z3AADJGX6KTTL2', network: 'ZLMOA37VPKANP' },
  'us-west-1': { application: 'Z368ELLRRE2KJ0', network: 'Z24FKFUX50B4VW' },
  'us-west-2': { application: 'Z1H1FL5HABSF5', network: 'Z18D5FSROUN65G' },
  'eu-west-1': { application: 'Z32O12XQLNTSW2', network: 'Z2IFOLAFXWLO4F' },
  'eu-central-1': { application: 'Z215JYRZR1TBD5', network: 'Z3F0SRJ5LGBH90' },
};

export function canonicalHostedZoneId(region: string, type: LoadBalancer['type']): string {
  return (zones[region] ?? { application: 'Z35SXDOTRQ7X7K', network: 'Z26RNL4JYFTOTI' })[type];
}

/** The load balancer's DNS name. It resolves if there is a data plane and a DNS server. */
export function newDnsName(
  world: World,
  { name, type, scheme, arn }: Pick<LoadBalancer, 'name' | 'type' | 'scheme' | 'arn'>,
): string {
  if (type === 'network') return `${name}-${arn.slice(arn.lastIndexOf('/') + 1)}.elb.${world.region}.amazonaws.com`;
  const number = 100_000_000 + (Number.parseInt(world.random.hex(8), 16) % 1_900_000_000);
  return `${scheme === 'internal' ? 'internal-' : ''}${name}-${number}.${world.region}.elb.amazonaws.com`;
}
