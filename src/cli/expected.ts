// What a command may fail by without being at fault: its message says it all, and no stack trace is wanted.
import { AwsError } from '../aws/errors.ts';
import { ConfigError } from '../config.ts';
import { KubeError } from '../kube/kube-error.ts';
import { KubeConfigError } from '../kube/kubeconfig.ts';
import { UnreadableError } from './manifest-files.ts';

export const isExpected = (error: unknown): error is Error =>
  [ConfigError, UnreadableError, KubeConfigError, KubeError, AwsError].some((each) => error instanceof each);
