import { DescribeTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { operation, type Shape } from './shape.ts';

declare const output: unique symbol;

/** A request to EC2, whose answer is an O. */
export interface Ec2Command<O> {
  readonly [output]?: O;
}

/** A class, as the SDK's commands are, so that a call reads as those do: one of them, with another operation. */
export function command<I, O>(name: string, input: Shape<I>, answer: Shape<O>): new (input: I) => Ec2Command<O> {
  const identity = {
    clientName: 'EC2Client',
    commandName: `${name}Command`,
    smithyContext: { service: 'AmazonEC2', operation: name, operationSchema: operation(name, input, answer) },
  };
  return class extends DescribeTagsCommand implements Ec2Command<O> {
    declare readonly [output]?: O;
    constructor(given: I) {
      super({ ResourceArns: [] });
      Object.assign(this, { input: given });
    }
    override resolveMiddlewareWithContext(
      ...[stack, configuration, options, context]: Parameters<DescribeTagsCommand['resolveMiddlewareWithContext']>
    ): ReturnType<DescribeTagsCommand['resolveMiddlewareWithContext']> {
      return super.resolveMiddlewareWithContext(stack, configuration, options, { ...context, ...identity });
    }
  };
}
