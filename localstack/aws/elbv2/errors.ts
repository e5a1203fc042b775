// ELBv2's errors, with the codes of docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/.
import { AwsError } from '../service.ts';

export const validationError = (message: string) => new AwsError('ValidationError', message);
export const invalidConfiguration = (message: string) => new AwsError('InvalidConfigurationRequest', message);
export const operationNotPermitted = (message: string) => new AwsError('OperationNotPermitted', message);
export const invalidAction = (message: string) => new AwsError('InvalidLoadBalancerAction', message);
export const invalidTarget = (message: string) => new AwsError('InvalidTarget', message);

export const loadBalancerNotFound = (what: string) =>
  new AwsError('LoadBalancerNotFound', `One or more load balancers not found: ${what}`);
export const listenerNotFound = (arn: string) =>
  new AwsError('ListenerNotFound', `One or more listeners not found: ${arn}`);
export const ruleNotFound = (arn: string) => new AwsError('RuleNotFound', `One or more rules not found: ${arn}`);
export const targetGroupNotFound = (what: string) =>
  new AwsError('TargetGroupNotFound', `One or more target groups not found: ${what}`);
export const trustStoreNotFound = (arn: string) => new AwsError('TrustStoreNotFound', `Trust store '${arn}' not found`);
