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

const forged = (number: number): string => tokenOf('one', { number }, 'forged');

test('a bad token is reviewed once in ten seconds, however often it comes', async () => {
  const { clock, reviews, identities } = setup();
  for (let time = 0; time < 100; time += 1) expect(await identities.identify(forged(1))).toBeUndefined();
  expect(reviews).toHaveLength(1);
  await clock.advance(10_000);
  await identities.identify(forged(1));
  expect(reviews).toHaveLength(2);
});

test('a token that comes twice at the same time is reviewed once', async () => {
  const { reviews, identities } = setup();
  const answers = await Promise.all([identities.identify(tokenOf('one')), identities.identify(tokenOf('one'))]);
  expect(answers.map((answer) => answer?.pod)).toEqual(['demo/one', 'demo/one']);
  expect(reviews).toHaveLength(1);
});

test('tokens of strangers are not reviewed', async () => {
  const { reviews, identities } = setup();
  expect(await identities.identify(tokenOf('stranger'))).toBeUndefined();
  expect(reviews).toEqual([]);
});

test('thousands of forged tokens for one pod cost five reviews a minute, and none of another pod', async () => {
  const { clock, reviews, identities } = setup();
  const answers = await Promise.allSettled(
    Array.from({ length: 1_000 }, (_, index) => identities.identify(forged(index))),
  );
  expect(reviews).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(995);
  expect(await identities.identify(tokenOf('two'))).toMatchObject({ pod: 'demo/two' });
  await clock.advance(60_000);
  expect(await identities.identify(tokenOf('one'))).toMatchObject({ pod: 'demo/one' });
});

test('if the API server does not answer, the token is reviewed again', async () => {
  let isAway = true;
  const { reviews, identities } = setup((token) => {
    if (isAway) throw new Error('unavailable');
    return reviewOf(token);
  });
  await expect(identities.identify(tokenOf('one'))).rejects.toThrow('unavailable');
  isAway = false;
  expect(await identities.identify(tokenOf('one'))).toMatchObject({ pod: 'demo/one' });
  expect(reviews).toHaveLength(2);
});
