// Errors that are not bugs of a command: their message is enough, and no stack trace is printed.
import { AwsError } from '../aws/errors.ts';
import { ConfigError } from '../config.ts';
import { KubeError } from '../kube/kube-error.ts';
import { KubeConfigError } from '../kube/kubeconfig.ts';
import { UnreadableError } from './manifest-files.ts';

export const isExpected = (error: unknown): error is Error =>
  [ConfigError, UnreadableError, KubeConfigError, KubeError, AwsError].some((each) => error instanceof each);
