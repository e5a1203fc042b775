// The attributes of an NLB's target groups that a LoadBalancerConfiguration may set, as AWS has them:
// docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
import { z } from 'zod';

const flag = '(true|false)';

/** The allowed values of each key, as a regular expression in a syntax that Go knows, too. */
const values: Readonly<Record<string, string>> = {
  'deregistration_delay.connection_termination.enabled': flag,
  'deregistration_delay.timeout_seconds': '([0-9]{1,3}|[12][0-9]{3}|3[0-5][0-9]{2}|3600)',
  'load_balancing.cross_zone.enabled': '(true|false|use_load_balancer_configuration)',
  'preserve_client_ip.enabled': flag,
  'proxy_protocol_v2.enabled': flag,
  'stickiness.enabled': flag,
  'target_health_state.unhealthy.connection_termination.enabled': flag,
  'target_health_state.unhealthy.draining_interval_seconds': '([0-9]{1,5}|[12][0-9]{5}|3[0-5][0-9]{4}|360000)',
};

const keys = Object.keys(values);

const isValue = (key: string, value: string): boolean => new RegExp(`^${values[key]}$`).test(value);

export const targetGroupAttributes = z
  .record(z.string(), z.string())
  .superRefine((attributes, context) => {
    for (const [key, value] of Object.entries(attributes)) {
      if (!keys.includes(key)) {
        context.addIssue({ code: 'custom', path: [key], message: `must be one of ${keys.join(', ')}` });
      } else if (!isValue(key, value)) {
        context.addIssue({ code: 'custom', path: [key], message: 'AWS does not know this value' });
      }
    }
  })
  .meta({
    maxProperties: keys.length,
    'x-kubernetes-validations': [
      {
        rule: `self.all(key, key in [${keys.map((key) => `'${key}'`).join(', ')}])`,
        message: `keys are ${keys.join(', ')}`,
      },
      ...keys.map((key) => ({
        rule: `!('${key}' in self) || self['${key}'].matches('^${values[key]}$')`,
        message: `${key}: AWS does not know this value`,
      })),
    ],
  });
