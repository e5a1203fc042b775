// The health check of target groups that a LoadBalancerConfiguration may set, within AWS's limits:
// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
import { z } from 'zod';

const seconds = (min: number, max: number) => z.int().min(min).max(max);
const checksInARow = z.int().min(2).max(10);

/** `200`, `200,202` or `200-299`. @param code one code, as a regular expression in a syntax that Go knows, too */
const codes = (code: string, error: string) =>
  z
    .string()
    .max(128)
    .regex(new RegExp(`^${code}(-${code})?(,${code}(-${code})?)*$`), { error })
    .refine((value) => value.split(',').every(isAscending), { error: NOT_ASCENDING })
    .meta({
      'x-kubernetes-validations': [
        {
          rule: "self.split(',').all(part, part.split('-').size() == 1 || int(part.split('-')[0]) <= int(part.split('-')[1]))",
          message: NOT_ASCENDING,
        },
      ],
    });

const NOT_ASCENDING = 'a range must begin with its lower code';

function isAscending(part: string): boolean {
  const [low = 0, high = low] = part.split('-').map(Number);
  return low <= high;
}

const WITHOUT_HTTP = 'path and matcher cannot be used with protocol TCP';
const TOO_SLOW = 'timeoutSeconds must be less than intervalSeconds';

export const targetGroupHealthCheck = z
  .strictObject({
    protocol: z
      .enum(['HTTP', 'HTTPS', 'TCP'])
      .optional()
      .describe(
        'The default: what an Application Load Balancer speaks to its targets; TCP for a Network Load Balancer.',
      ),
    port: z.int().min(1).max(65_535).optional().describe('The default is the port that takes the traffic.'),
    path: z
      .string()
      .max(1024)
      .regex(/^\/[!-~]*$/, { error: 'must begin with /, and have printable ASCII characters without spaces only' })
      .optional()
      .describe('Of HTTP and HTTPS. The default is /, for gRPC /AWS.ALB/healthcheck.'),
    intervalSeconds: seconds(5, 300).optional().describe('The time between two checks of a target.'),
    timeoutSeconds: seconds(2, 120).optional().describe('After this time without an answer, a check has failed.'),
    healthyThresholdCount: checksInARow
      .optional()
      .describe('The number of passed checks in a row that make an unhealthy target healthy. The default is 2.'),
    unhealthyThresholdCount: checksInARow
      .optional()
      .describe('The number of failed checks in a row that make a target unhealthy. The default is 2.'),
    matcher: z
      .strictObject({
        httpCode: codes('[2-5][0-9]{2}', 'must be codes or ranges from 200 to 599, such as 200,204 or 200-399')
          .optional()
          .describe('The HTTP status codes of healthy targets. The default is 200-499.'),
        grpcCode: codes('[0-9]{1,2}', 'must be codes or ranges from 0 to 99, such as 0,12 or 0-12')
          .optional()
          .describe('The codes of healthy gRPC targets. The default is 0-12.'),
      })
      .optional()
      .describe('The answers of healthy targets. A target group uses the codes of its protocol.'),
  })
  .refine(({ protocol, path, matcher }) => protocol !== 'TCP' || (path ?? matcher) === undefined, {
    path: ['protocol'],
    error: WITHOUT_HTTP,
  })
  .refine(({ intervalSeconds: interval = Infinity, timeoutSeconds: timeout = 0 }) => timeout < interval, {
    path: ['timeoutSeconds'],
    error: TOO_SLOW,
  })
  .meta({
    'x-kubernetes-validations': [
      {
        rule: "!has(self.protocol) || self.protocol != 'TCP' || !(has(self.path) || has(self.matcher))",
        message: WITHOUT_HTTP,
      },
      {
        rule: '!has(self.intervalSeconds) || !has(self.timeoutSeconds) || self.timeoutSeconds < self.intervalSeconds',
        message: TOO_SLOW,
      },
    ],
  });

export type HealthCheckSettings = z.infer<typeof targetGroupHealthCheck>;
