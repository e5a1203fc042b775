// The command lines of the npm scripts: all of them have --help, and refuse what they don't know with status 2 and one line.
import { Command, InvalidArgumentError } from 'commander';

/** @param name as it stands in package.json */
export function script(name: string, description: string): Command {
  return new Command(name === 'test' ? 'npm test --' : `npm run ${name} --`)
    .description(description)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}

/** For an option's number, which is whole. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} on` : `${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number from ${range}.`);
  };
}
