import { expect, test } from 'vitest';
import { sweepMs } from '../timings.ts';
import { decideSweep, type Sighting } from './sweep-decision.ts';

const sighting = (at: number, owned: Readonly<Record<string, number>>, living: readonly string[]): Sighting => ({
  at,
  owned: new Map(Object.entries(owned)),
  living: new Set(living),
});

const all = () => true;
const later = sweepMs;

test('a first look removes nothing', () => {
  expect(decideSweep(undefined, sighting(0, { 'a/gone': 1, 'a/here': 9 }, ['a/here']), all)).toEqual({ kind: 'wait' });
});

test('what two looks, two minutes apart, miss a Gateway for is swept', () => {
  const look = (at: number) => sighting(at, { 'a/gone': 4, 'a/here': 9 }, ['a/here']);
  expect(decideSweep(look(0), look(later), all)).toEqual({ kind: 'sweep', gateways: ['a/gone'] });
});

test('two looks that are too close to each other remove nothing', () => {
  const look = (at: number) => sighting(at, { 'a/gone': 4, 'a/here': 9 }, ['a/here']);
  expect(decideSweep(look(0), look(later - 1), all)).toEqual({ kind: 'wait' });
  // The clock was set back.
  expect(decideSweep(look(later), look(0), all)).toEqual({ kind: 'wait' });
});

test('a Gateway that was there in either look keeps what it has', () => {
  const present = sighting(0, { 'a/back': 4, 'a/here': 9 }, ['a/here', 'a/back']);
  const absent = sighting(0, { 'a/back': 4, 'a/here': 9 }, ['a/here']);
  expect(decideSweep(present, { ...absent, at: later }, all)).toEqual({ kind: 'wait' });
  expect(decideSweep(absent, { ...present, at: later }, all)).toEqual({ kind: 'wait' });
});

test('what AWS did not show in the look before is too young to be swept', () => {
  const before = sighting(0, { 'a/here': 9 }, ['a/here']);
  const now = sighting(later, { 'a/new': 4, 'a/here': 9 }, ['a/here']);
  expect(decideSweep(before, now, all)).toEqual({ kind: 'wait' });
});

test('what has gone by itself since the look before is left alone', () => {
  const before = sighting(0, { 'a/gone': 4, 'a/here': 9 }, ['a/here']);
  const now = sighting(later, { 'a/here': 9 }, ['a/here']);
  expect(decideSweep(before, now, all)).toEqual({ kind: 'wait' });
});

test('what belongs to namespaces that this process does not watch is left alone', () => {
  const look = (at: number) => sighting(at, { 'a/gone': 1, 'b/gone': 1, 'a/here': 9 }, ['a/here']);
  const watched = (gateway: string) => gateway.startsWith('a/');
  expect(decideSweep(look(0), look(later), watched)).toEqual({ kind: 'sweep', gateways: ['a/gone'] });
  expect(decideSweep(look(0), look(later), () => false)).toEqual({ kind: 'wait' });
});

test('nothing is removed when more than half of what is owned would go', () => {
  const half = (at: number) => sighting(at, { 'a/gone': 4, 'b/gone': 5, 'a/here': 9 }, ['a/here']);
  expect(decideSweep(half(0), half(later), all)).toEqual({ kind: 'sweep', gateways: ['a/gone', 'b/gone'] });
  const more = (at: number) => sighting(at, { 'a/gone': 5, 'b/gone': 5, 'a/here': 9 }, ['a/here']);
  expect(decideSweep(more(0), more(later), all)).toEqual({
    kind: 'stopped',
    gateways: ['a/gone', 'b/gone'],
    doomed: 10,
    owned: 19,
  });
});

test('an API server that suddenly lists no Gateways makes nothing go', () => {
  const before = sighting(0, { 'a/one': 9, 'a/two': 9 }, ['a/one', 'a/two']);
  const none = (at: number) => sighting(at, { 'a/one': 9, 'a/two': 9 }, []);
  expect(decideSweep(before, none(later), all)).toEqual({ kind: 'wait' });
  expect(decideSweep(none(later), none(2 * later), all)).toMatchObject({ kind: 'stopped', doomed: 18, owned: 18 });
});

test('what is unwatched counts as owned, not as doomed', () => {
  const look = (at: number) => sighting(at, { 'a/gone': 5, 'b/other': 5 }, []);
  const watched = (gateway: string) => gateway.startsWith('a/');
  expect(decideSweep(look(0), look(later), watched)).toEqual({ kind: 'sweep', gateways: ['a/gone'] });
});
