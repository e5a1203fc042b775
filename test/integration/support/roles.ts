// Roles in AWS with the shipped policy, and pods that assume them with their ServiceAccount's token, as with IRSA.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { clientOf } from '../../../localstack/aws/testing/client.ts';
import type { Rig } from './gatehouse.ts';
import { program } from './program.ts';

const run = promisify(execFile);

export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly { readonly Action: string | readonly string[] }[];
}

/** The output of `gatehouse iam-policy`. */
export async function shippedPolicy(clusterName: string): Promise<PolicyDocument> {
  const { stdout } = await run(process.execPath, [program, 'iam-policy', '--cluster-name', clusterName]);
  const document: PolicyDocument = JSON.parse(stdout);
  return document;
}

export const without = (policy: PolicyDocument, action: string): PolicyDocument => ({
  ...policy,
  Statement: policy.Statement.map((statement) => ({
    ...statement,
    Action: [statement.Action].flat().filter((each) => each !== action),
  })).filter(({ Action }) => Action.length > 0),
});

export const roleArn = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;

interface TokenRequest {
  readonly status: { readonly token: string };
}

/** A file with a token of the ServiceAccount `gatehouse`, for AWS. */
export async function projectedToken({ cluster }: Rig): Promise<string> {
  const accounts = '/api/v1/namespaces/kube-system/serviceaccounts';
  const { admin } = cluster;
  await admin.request('POST', accounts, {
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'gatehouse' } },
  });
  const { status } = await admin.request<TokenRequest>('POST', `${accounts}/gatehouse/token`, {
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['sts.amazonaws.com'], expirationSeconds: 3600 },
    },
  });
  const file = join(cluster.dir, 'aws-token');
  await writeFile(file, status.token, { mode: 0o600 });
  return file;
}

/** The environment variables of a pod with a role, without keys. */
export const podIdentity = (role: string, tokenFile: string): NodeJS.ProcessEnv => ({
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_ROLE_ARN: roleArn(role),
  AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  AWS_ROLE_SESSION_NAME: 'pod',
});

/** Options of a client that acts as the role. */
export async function clientAs({ aws }: Rig, role: string, tokenFile: string) {
  const sts = new STSClient(clientOf(aws));
  const { Credentials } = await sts.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: roleArn(role),
      RoleSessionName: 'pod',
      WebIdentityToken: await readFile(tokenFile, 'utf8'),
    }),
  );
  sts.destroy();
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  return { ...clientOf(aws), credentials };
}
