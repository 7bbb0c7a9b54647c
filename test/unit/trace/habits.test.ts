/** What is learned of a cloud's own ways. */
import { describe, expect, test } from 'vitest';
import { Habits } from '../../../src/trace/habits.ts';

describe('what a handler sends', () => {
  test('is known from the sources, or was seen', () => {
    const habits = new Habits();
    expect(habits.hasSent('update_device_up', 'add_fdb_entries')).toBe(true);
    expect(habits.hasSent('resize', 'Instance.save')).toBe(false);
    habits.note('resize', '', 'Instance.save');
    expect(habits.hasSent('resize', 'Instance.save')).toBe(true);
  });

  test('follows what it sent before: unknown where none was seen to go on from there', () => {
    const habits = new Habits();
    habits.note('resize', 'Instance.save', 'Migration.create');
    expect(habits.isNext('resize', 'Instance.save', 'Migration.create')).toBe(true);
    expect(habits.isNext('resize', 'Instance.save', 'Service.save')).toBe(false);
    expect(habits.isNext('resize', '', 'Migration.create')).toBeUndefined();
  });

  test('what the sources say is not forgotten for all that is learned', () => {
    const habits = new Habits();
    for (let i = 0; i < 30_000; i++) habits.note('method', '', `sent_${i}`);
    expect(habits.hasSent('update_device_up', 'add_fdb_entries')).toBe(true);
    expect(habits.hasSent('method', 'sent_0')).toBe(false);
  });

  test('where everything follows, no more than 64 are remembered', () => {
    const habits = new Habits();
    for (let i = 0; i < 100; i++) habits.note('method', '', `sent_${i}`);
    expect([habits.isNext('method', '', 'sent_63'), habits.isNext('method', '', 'sent_64')]).toEqual([true, false]);
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s is a name like any other', (name) => {
    const habits = new Habits();
    expect([habits.hasSent(name, name), habits.isNext(name, '', name)]).toEqual([false, undefined]);
    habits.note(name, '', name);
    expect([habits.hasSent(name, name), habits.isNext(name, '', name)]).toEqual([true, true]);
    expect(habits.isOfWork(name, true)).toBe(true);
  });
});

describe('a message that no id ties', () => {
  test('is sent for the work beside it, where its like is not sent alone more often', () => {
    const habits = new Habits();
    expect([true, false, false, true, true].map((isBeside) => habits.isOfWork('get_ports', isBeside))).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  test('is not, after it was mostly sent alone; and is again when that was long ago', () => {
    const habits = new Habits();
    for (let i = 0; i < 20; i++) habits.isOfWork('poll', false);
    expect(habits.isOfWork('poll', true)).toBe(false);
    for (let i = 0; i < 100; i++) habits.isOfWork('poll', true);
    expect(habits.isOfWork('poll', true)).toBe(true);
  });

  test('is never, where only loops send it', () => {
    expect(new Habits().isOfWork('Service.save', true)).toBe(false);
  });
});
