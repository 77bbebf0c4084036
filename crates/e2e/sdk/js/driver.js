'use strict';
// The client that tells the story. Every answer passes by here: what operations were driven is
// noted, and what the types of the SDK promise is held against what it made of the answer.

const assert = require('node:assert/strict');
const ecr = require('@aws-sdk/client-ecr');

const driven = new Set();
// Without retries: what fails, fails the test.
const client = new ecr.ECRClient({ maxAttempts: 1 });

client.middlewareStack.add(
  (next, context) => async (args) => {
    const operation = context.commandName.replace(/Command$/, '');
    try {
      const result = await next(args);
      judge(result.output, operation);
      driven.add(operation);
      return result;
    } catch (error) {
      if (isModelled(error)) driven.add(operation);
      throw error;
    }
  },
  { step: 'initialize', name: 'driven', priority: 'high' },
);

/** An error of the model comes as a class of its own; anything else as their common ancestor. */
function isModelled(error) {
  return error instanceof ecr.ECRServiceException && error.constructor !== ecr.ECRServiceException;
}

/** A time that was no number becomes a date that is none. */
function judge(value, path) {
  assert.notEqual(value, null, `${path} is null`);
  if (value instanceof Date) {
    // What never happened is told as the beginning of time.
    const plausible = value.getTime() === 0 || Math.abs(Date.now() - value) < 24 * 3600 * 1000;
    assert(plausible, `${path} is ${value}`);
  } else if (typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) {
      if (name !== '$metadata') judge(member, `${path}.${name}`);
    }
  }
}

/** Calls what must succeed; answers its members. */
async function call(operation, input = {}) {
  const { $metadata, ...members } = await client.send(new ecr[`${operation}Command`](input));
  assert.equal($metadata.httpStatusCode, 200);
  assert($metadata.requestId, `${operation} answers no request id`);
  return members;
}

/** Calls what must fail with this exception of the model; answers it. */
async function refused(exception, operation, input = {}) {
  try {
    await call(operation, input);
  } catch (error) {
    assert(error instanceof ecr[exception], `${operation}: ${exception} expected: ${error.stack}`);
    assert(error.message, `${operation}: ${exception} without a message`);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.equal(error.$fault, 'client');
    return error;
  }
  return assert.fail(`${operation} ${JSON.stringify(input)}: ${exception} expected`);
}

/** All pages of an operation, through the paginator of the SDK. */
async function pages(operation, pageSize, input = {}) {
  const found = [];
  for await (const page of ecr[`paginate${operation}`]({ client, pageSize }, input)) found.push(page);
  return found;
}

/** The state in which a waiter of the SDK ends. */
async function waited(waiter, input) {
  const patience = { client, minDelay: 1, maxDelay: 1, maxWaitTime: 30 };
  return (await ecr[`waitFor${waiter}`](patience, input)).state;
}

/** What was driven; fails if the SDK has an operation that was not. */
function finish() {
  const all = Object.keys(ecr).flatMap((name) => name.match(/^([A-Z]\w+)Command$/)?.[1] ?? []);
  const undriven = all.filter((operation) => !driven.has(operation));
  assert.deepEqual(undriven, [], 'the story leaves operations out');
  return [...driven].sort();
}

module.exports = { call, finish, pages, refused, waited };
