// The flags of config.ts as options of a command. config.ts applies the environment and the defaults.
import { type Command, Option } from 'commander';
import { defaultText, environmentVariable, flags } from '../config.ts';

export type FlagName = keyof typeof flags;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has no other keys
export const flagNames = Object.keys(flags) as readonly FlagName[];

/** @param description replaces the description of `gatehouse run` */
export function flagOption(name: FlagName, description: string = flags[name].description): Option {
  const inForce = defaultText(name);
  const notes = [...(inForce === undefined ? [] : [`default: ${inForce}`]), `env: ${environmentVariable(name)}`];
  return new Option(`--${name} <${flags[name].value}>`, `${description} (${notes.join(', ')})`);
}

/** The flags on the command line, by name without dashes. */
export function givenFlags(command: Command): Readonly<Record<string, string>> {
  const given: Record<string, string> = {};
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (option.name() in flags && typeof value === 'string') given[option.name()] = value;
  }
  return given;
}
