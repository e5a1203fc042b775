// A load balancer that forwards traffic, targets that answer, and a client.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { ImportCertificateCommand } from '@aws-sdk/client-acm';
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupsCommand,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import {
  type CreateTargetGroupCommandInput,
  DescribeTargetHealthCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type RequestableKey, selfSigned } from '../../acm/self-signed.ts';

import { systemClock } from '../../clock.ts';
import type { StartOptions } from '../../server.ts';
import { Embedded, present } from '../../testing/embedded.ts';
import { ownBlocks } from '../own-blocks.ts';

const blocks = ownBlocks(process.pid);
export const portOffset = 10_000;

/** The embedded AWS with its data plane. Ports are those of the listeners plus 10,000. */
export async function startForwarding(options: StartOptions = {}): Promise<Embedded> {
  const aws = await Embedded.start({
    clock: systemClock,
    provisioningSeconds: 0,
    networkRegistrationSeconds: 0,
    networkDeregistrationSeconds: 0,
    dataPlane: { addresses: blocks.addresses, portOffset, mapTargets: [`10.0.0.0/16=${blocks.targets}`] },
    ...options,
  });
  await admit(aws, await defaultGroup(aws));
  await admit(aws, aws.seed.nodeSecurityGroupId);
  return aws;
}

/** The group of load balancers without a group in the request. */
export async function defaultGroup(aws: Embedded): Promise<string> {
  const Filters = [
    { Name: 'vpc-id', Values: [aws.seed.vpcId] },
    { Name: 'group-name', Values: ['default'] },
  ];
  const { SecurityGroups } = await aws.ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
  return present(SecurityGroups?.[0]?.GroupId);
}

const everyone: IpPermission = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

export async function admit(aws: Embedded, GroupId: string, permission = everyone): Promise<void> {
  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }));
}

export async function shutOut(aws: Embedded, GroupId: string, permission = everyone): Promise<void> {
  await aws.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }));
}

/** The real address of a target with an address of the VPC. */
export const mapped = (address: string): string => address.replace(/^10\.0\./, blocks.targets.replace(/0\.0\/16$/, ''));

/** Answers with its own name by default. */
export class Backend implements AsyncDisposable {
  readonly target: { readonly Id: string; readonly Port: number };
  readonly requests: IncomingMessage[] = [];
  readonly #server;

  private constructor(address: string, port: number, listener: RequestListener | undefined) {
    this.target = { Id: address, Port: port };
    this.#server = createServer({ maxHeaderSize: 1 << 17 }, (incoming, response) => {
      this.requests.push(incoming);
      if (listener && incoming.headers['user-agent'] !== 'ELB-HealthChecker/2.0') listener(incoming, response);
      else response.end(address);
    });
  }

  /** @param address in the VPC */
  static async start(address: string, listener?: RequestListener, port = 8080): Promise<Backend> {
    const backend = new Backend(address, port, listener);
    await new Promise<void>((resolve, reject) => {
      backend.#server.once('error', reject);
      backend.#server.listen(port, mapped(address), resolve);
    });
    return backend;
  }

  /** Requests of clients, without health checks. */
  get received(): readonly IncomingMessage[] {
    return this.requests.filter(({ headers }) => headers['user-agent'] !== 'ELB-HealthChecker/2.0');
  }

  get server() {
    return this.#server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  /** The listener's port. */
  readonly port?: number;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The server name (SNI); set for TLS. */
  readonly servername?: string;
  /** The client's own certificate, in PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** The client's own address. */
  readonly from?: string;
  readonly signal?: AbortSignal;
}

/** Sends a request to the only load balancer. */
export async function ask(aws: Embedded, path: string, asking: Asking = {}): Promise<Answered> {
  const { port = 80, servername, from, body, ...rest } = asking;
  const { address } = present(aws.aws.reachable()[0]);
  const options = {
    host: address,
    port: port + portOffset,
    path,
    agent: false,
    maxHeaderSize: 1 << 17,
    ...rest,
  } as const;
  const local = from === undefined ? {} : { localAddress: from };
  const asked =
    servername === undefined
      ? request({ ...options, ...local })
      : secureRequest({ ...options, ...local, servername, rejectUnauthorized: false });
  asked.end(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve);
    asked.once('error', reject);
  });
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** Creates a target group with the backends. @returns its ARN. */
export async function groupOf(
  aws: Embedded,
  backends: readonly Backend[],
  input: Partial<CreateTargetGroupCommandInput> = {},
): Promise<string> {
  const arn = await aws.targetGroup(input);
  const Targets = backends.map(({ target }) => ({ ...target }));
  if (Targets.length > 0) await aws.elb.send(new RegisterTargetsCommand({ TargetGroupArn: arn, Targets }));
  return arn;
}

/** `STATE REASON` of each target. */
export async function healthOf(aws: Embedded, TargetGroupArn: string): Promise<string[]> {
  const { TargetHealthDescriptions = [] } = await aws.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  return TargetHealthDescriptions.map(({ TargetHealth }) =>
    [TargetHealth?.State, TargetHealth?.Reason].filter(Boolean).join(' '),
  );
}

/** Imports a certificate with these names. @returns its ARN. */
export async function importCertificate(
  aws: Embedded,
  names: readonly string[],
  keyAlgorithm: RequestableKey = 'EC_prime256v1',
): Promise<string> {
  const { certificatePem, privateKey } = await selfSigned(names, keyAlgorithm, Date.now(), '01');
  const imported = await aws.acm.send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(certificatePem),
      PrivateKey: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    }),
  );
  return present(imported.CertificateArn);
}
