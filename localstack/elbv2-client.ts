import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';

/** For an AWS that checks no signatures. */
export const elbv2Client = (endpoint: string, region: string): ElasticLoadBalancingV2Client =>
  new ElasticLoadBalancingV2Client({
    endpoint,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
