import { expect, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { Identities, type TokenReviewStatus } from './identities.ts';
import { audience, reviewOf, tokenOf } from './testing/tokens.ts';

function setup(answer: (token: string) => TokenReviewStatus = reviewOf) {
  const clock = new FakeClock(Date.now());
  const reviews: string[] = [];
  const identities = new Identities({
    audience,
    clock,
    isOurs: ({ podUid }) => podUid === 'uid-of-one' || podUid === 'uid-of-two',
    reviewToken: async (token) => {
      reviews.push(token);
      return answer(token);
    },
  });
  return { clock, reviews, identities };
}

const address = '10.0.0.1';
const forged = (number: number): string => tokenOf('one', { number }, 'forged');

test('a bad token is reviewed once in ten seconds, however often it comes', async () => {
  const { clock, reviews, identities } = setup();
  const token = forged(1);
  for (let time = 0; time < 100; time += 1) expect(await identities.identify(token, address)).toBeUndefined();
  expect(reviews).toHaveLength(1);
  await clock.advance(10_000);
  await identities.identify(token, address);
  expect(reviews).toHaveLength(2);
});

test('a token that comes twice at the same time is reviewed once', async () => {
  const { reviews, identities } = setup();
  const answers = await Promise.all([
    identities.identify(tokenOf('one'), address),
    identities.identify(tokenOf('one'), address),
  ]);
  expect(answers.map((answer) => answer?.pod)).toEqual(['demo/one', 'demo/one']);
  expect(reviews).toHaveLength(1);
});

test('tokens of strangers are not reviewed', async () => {
  const { reviews, identities } = setup();
  expect(await identities.identify(tokenOf('stranger'), address)).toBeUndefined();
  expect(reviews).toEqual([]);
});

test('thousands of forged tokens cost 20 reviews a minute, and the pod that they name gets in from its own address', async () => {
  const { clock, reviews, identities } = setup();
  const forge = (count: number) =>
    Promise.allSettled(Array.from({ length: count }, (_, index) => identities.identify(forged(index), '10.0.0.9')));
  const answers = await forge(1_000);
  expect(reviews).toHaveLength(20);
  expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(980);
  expect(await identities.identify(tokenOf('one'), address)).toMatchObject({ pod: 'demo/one' });
  await expect(identities.identify(tokenOf('two'), '10.0.0.9')).rejects.toThrow('Too many bad tokens');
  await clock.advance(60_000);
  expect(await identities.identify(tokenOf('two'), '10.0.0.9')).toMatchObject({ pod: 'demo/two' });
});

test('a token that was good is reviewed again, also behind an address that sends forged ones', async () => {
  const { clock, identities } = setup();
  const good = tokenOf('one');
  await identities.identify(good, address);
  await clock.advance(60_000);
  await Promise.allSettled(Array.from({ length: 100 }, (_, index) => identities.identify(forged(index), address)));
  expect(await identities.identify(good, address)).toMatchObject({ pod: 'demo/one' });
});

test('if the API server does not answer, the token is reviewed again', async () => {
  let isAway = true;
  const { reviews, identities } = setup((token) => {
    if (isAway) throw new Error('unavailable');
    return reviewOf(token);
  });
  await expect(identities.identify(tokenOf('one'), address)).rejects.toThrow('unavailable');
  isAway = false;
  expect(await identities.identify(tokenOf('one'), address)).toMatchObject({ pod: 'demo/one' });
  expect(reviews).toHaveLength(2);
});
