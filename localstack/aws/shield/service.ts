import type { Service } from '../service.ts';

/** Shield Advanced, to which this account is not subscribed: docs.aws.amazon.com/waf/latest/DDOSAPIReference */
export const shieldService: Service = {
  name: 'shield',
  protocol: 'json',
  namespace: 'AWSShield_20160616',
  actions: { GetSubscriptionState: () => ({ SubscriptionState: 'INACTIVE' }) },
};
