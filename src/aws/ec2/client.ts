// EC2 by way of a client of another service. The SDK's own EC2 client knows 700 actions, and costs some 60 MiB of memory
// for the dozen that are used here; the stack of the SDK (credentials, signing, retries, endpoints) is the same for both.
import {
  ElasticLoadBalancingV2Client,
  type ElasticLoadBalancingV2ClientConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Ec2Command } from './command.ts';

export interface Ec2Client {
  readonly middlewareStack: ElasticLoadBalancingV2Client['middlewareStack'];
  send<O>(command: Ec2Command<O>): Promise<O>;
}

const identity = {
  apiVersion: '2016-11-15',
  serviceId: 'EC2',
  signingName: 'ec2',
  protocolSettings: {
    defaultNamespace: 'com.amazonaws.ec2',
    errorTypeRegistries: [],
    xmlNamespace: 'http://ec2.amazonaws.com/doc/2016-11-15',
    version: '2016-11-15',
    serviceTarget: 'AmazonEC2',
  },
};

/** How EC2's form of the query protocol differs: smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
const serializerSettings = { capitalizeKeys: true, flattenLists: true, serializeEmptyLists: false, ec2: true };

export function createEc2Client(options: ElasticLoadBalancingV2ClientConfig): Ec2Client {
  const client = new ElasticLoadBalancingV2Client({ ...options, ...identity });
  const { config } = client;
  const { protocol, endpointProvider } = config;
  const serializer: unknown = Reflect.get(protocol, 'serializer');
  Object.assign(Reflect.get(Object(serializer), 'settings'), serializerSettings);
  Object.assign(protocol, { useNestedResult: () => false, getShapeId: () => 'aws.protocols#ec2Query' });
  config.endpointProvider = (parameters, context) => {
    const endpoint = endpointProvider(parameters, context);
    if (parameters.Endpoint !== undefined) return endpoint;
    const url = new URL(endpoint.url);
    url.hostname = url.hostname.replace(/^elasticloadbalancing/, 'ec2');
    return { ...endpoint, url };
  };
  return {
    middlewareStack: client.middlewareStack,
    // Its types know nothing of these commands.
    send: (request) => Reflect.apply(Reflect.get(client, 'send'), client, [request]),
  };
}
