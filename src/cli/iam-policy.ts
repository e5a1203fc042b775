// gatehouse iam-policy: the policy of the controller's role, for one cluster.
import { Command, Option } from 'commander';
import { z } from 'zod';
import template from '../../iam/policy.json' with { type: 'json' };
import { flags } from '../config.ts';
import { exit } from './exit.ts';

/** By placeholder in iam/policy.json. The allowed characters have no special meaning in JSON or in IAM's conditions. */
const values = {
  CLUSTER_NAME: flags['cluster-name'].schema,
  PARTITION: z.string().regex(/^aws(-[a-z]+)*$/, { error: 'must be a partition such as aws, aws-cn or aws-us-gov' }),
  REGION: z.string().regex(/^([a-z]{2}(-[a-z]+)+-\d|\*)$/, { error: 'must be a region such as eu-central-1' }),
  ACCOUNT: z.string().regex(/^(\d{12}|\*)$/, { error: 'must be the 12 digits of an account' }),
} as const;

type Placeholder = keyof typeof values;

export type PolicyOptions = Readonly<Record<'clusterName' | 'partition' | 'region' | 'account', string>>;

export function iamPolicyCommand(): Command {
  const command = new Command('iam-policy')
    .description("Prints the IAM policy that the controller's role needs, for one cluster.")
    .requiredOption('--cluster-name <NAME>', flags['cluster-name'].description)
    .addOption(new Option('--partition <PARTITION>', 'the AWS partition').default('aws'))
    .addOption(new Option('--region <REGION>', 'the only region that the policy allows').default('*', 'all'))
    .addOption(new Option('--account <ID>', 'the account').default('*', "the role's own"));
  return command.action((options: PolicyOptions) => {
    const policy = iamPolicy(options);
    if (policy.kind === 'invalid') {
      console.error(policy.detail);
      process.exitCode = exit.usage;
    } else {
      process.stdout.write(`${JSON.stringify(policy.document, null, 2)}\n`);
    }
  });
}

export type IamPolicy =
  | { readonly kind: 'valid'; readonly document: typeof template }
  | { readonly kind: 'invalid'; readonly detail: string };

export function iamPolicy({ clusterName, partition, region, account }: PolicyOptions): IamPolicy {
  const given: Record<Placeholder, [flag: string, value: string]> = {
    CLUSTER_NAME: ['cluster-name', clusterName],
    PARTITION: ['partition', partition],
    REGION: ['region', region],
    ACCOUNT: ['account', account],
  };
  let text = JSON.stringify(template);
  for (const name of ['CLUSTER_NAME', 'PARTITION', 'REGION', 'ACCOUNT'] as const) {
    const [flag, value] = given[name];
    const { error } = values[name].safeParse(value);
    if (error) return { kind: 'invalid', detail: `--${flag} ${error.issues[0]?.message}, got "${value}"` };
    text = text.replaceAll(`\${${name}}`, value);
  }
  const document: typeof template = JSON.parse(text);
  return { kind: 'valid', document };
}
