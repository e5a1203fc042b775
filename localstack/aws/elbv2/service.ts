import type { Service } from '../service.ts';
import type { World } from '../world.ts';
import { attributeActions } from './attributes.ts';
import { certificateActions } from './certificates.ts';
import { limitActions } from './limits.ts';
import { listenerActions } from './listeners.ts';
import { loadBalancerSettingActions } from './load-balancer-settings.ts';
import { loadBalancerActions } from './load-balancers.ts';
import { ruleActions } from './rules.ts';
import { sslPolicyActions } from './ssl-policies.ts';
import { tagActions } from './tags.ts';
import { targetGroupActions } from './target-groups.ts';
import { targetActions } from './targets.ts';
import { trustStoreRevocationActions } from './trust-store-revocations.ts';
import { trustStoreActions } from './trust-stores.ts';

/** Elastic Load Balancing v2: docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/ */
export function elbv2Service(world: World): Service {
  return {
    name: 'elasticloadbalancing',
    protocol: 'query',
    namespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
    version: '2015-12-01',
    actions: {
      ...loadBalancerActions(world),
      ...loadBalancerSettingActions(world),
      ...listenerActions(world),
      ...certificateActions(world),
      ...ruleActions(world),
      ...targetGroupActions(world),
      ...targetActions(world),
      ...attributeActions(world),
      ...tagActions(world),
      ...trustStoreActions(world),
      ...trustStoreRevocationActions(world),
      ...sslPolicyActions,
      ...limitActions(world),
    },
  };
}
