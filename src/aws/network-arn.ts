/** By its ARN, as AWS makes it: `…:loadbalancer/net/NAME/ID`. */
export const isNetworkLoadBalancer = (arn: string): boolean => arn.includes(':loadbalancer/net/');
