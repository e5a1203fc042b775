// What an ALB and an NLB have in different ways: all but the load balancer itself, its security groups and its subnets.
import type { PortTopology } from '../../gateway/topology.ts';
import type { Problem } from '../problem.ts';
import type {
  CertificateResource,
  ListenerResource,
  LoadBalancerResource,
  RuleResource,
  TargetGroupResource,
  TargetSelection,
} from './resources.ts';

export interface LoadBalancerParts {
  /** Those that it serves. */
  readonly ports: readonly PortTopology[];
  readonly spec: Pick<LoadBalancerResource['spec'], 'type' | 'prefixForIpv6SourceNat' | 'enforceOnPrivateLink'>;
  readonly replaces?: LoadBalancerResource['id'];
  readonly attributes: LoadBalancerResource['attributes'];
  readonly certificates: readonly CertificateResource[];
  readonly targetGroups: readonly TargetGroupResource[];
  readonly listeners: readonly ListenerResource[];
  readonly rules: readonly RuleResource[];
  /** Target groups that stay as they stand in AWS. */
  readonly standing: readonly TargetSelection[];
  readonly problems: readonly Problem[];
}
