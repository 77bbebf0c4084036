'use strict';
// The rules of the registry: replication, templates, pull through cache, signing.

const assert = require('node:assert/strict');
const { call, pages, refused } = require('../driver');
const { LIFECYCLE } = require('./policies');

const image = { repositoryName: 'app', imageId: { imageTag: 'v1' } };

async function replication() {
  const destination = { region: 'eu-west-1', registryId: '999988887777' };
  const rules = [{ destinations: [destination],
    repositoryFilters: [{ filter: 'app', filterType: 'PREFIX_MATCH' }] }];
  await refused('ValidationException', 'StartReplicationBackfill', { destination });
  const replicationConfiguration = { rules };
  const stored = await call('PutReplicationConfiguration', { replicationConfiguration });
  assert.deepEqual(stored, { replicationConfiguration });
  const described = await call('DescribeRegistry');
  assert.deepEqual(described.replicationConfiguration, replicationConfiguration);
  const status = await call('DescribeImageReplicationStatus', image);
  assert.deepEqual(status.replicationStatuses, []);
  await backfill(destination);
  await call('PutReplicationConfiguration', { replicationConfiguration: { rules: [] } });
}

async function backfill(destination) {
  const started = await call('StartReplicationBackfill', { destination });
  assert(started.startedAt instanceof Date, started);
  const { replicationBackfillId } = started;
  const [told] = await pages('DescribeReplicationBackfillResults', 5, { replicationBackfillId });
  assert.deepEqual(told.destination, destination);
  const [{ backfills: [listed] }] = await pages('ListReplicationBackfills', 5);
  assert.equal(listed.replicationBackfillId, replicationBackfillId);
  // One that has ended cannot be stopped.
  assert.equal(told.status, 'FAILED');
  await refused('ReplicationBackfillInvalidStatusException', 'StopReplicationBackfill',
    { replicationBackfillId });
  await refused('ReplicationBackfillNotFoundException', 'StopReplicationBackfill',
    { replicationBackfillId: replicationBackfillId.replace(/[^-]/g, '0') });
}

async function templates() {
  const template = {
    prefix: 'team', description: 'for teams', appliedFor: ['CREATE_ON_PUSH', 'REPLICATION'],
    imageTagMutability: 'IMMUTABLE', lifecyclePolicy: LIFECYCLE,
    encryptionConfiguration: { encryptionType: 'AES256' },
  };
  const prefix = { prefix: 'team' };
  await call('CreateRepositoryCreationTemplate', template);
  await refused('TemplateAlreadyExistsException', 'CreateRepositoryCreationTemplate', template);
  const [page] = await pages('DescribeRepositoryCreationTemplates', undefined,
    { prefixes: ['team'] });
  const { createdAt, updatedAt, ...found } = page.repositoryCreationTemplates[0];
  assert(createdAt instanceof Date && updatedAt instanceof Date);
  for (const [name, value] of Object.entries(template)) assert.deepEqual(found[name], value);
  await call('UpdateRepositoryCreationTemplate', { ...prefix, description: 'for all teams' });
  const gone = await call('DeleteRepositoryCreationTemplate', prefix);
  assert.equal(gone.repositoryCreationTemplate.description, 'for all teams');
  await refused('TemplateNotFoundException', 'DeleteRepositoryCreationTemplate', prefix);
}

async function pullThrough() {
  const named = { ecrRepositoryPrefix: 'public' };
  const upstream = { ...named, upstreamRegistryUrl: 'public.ecr.aws' };
  const made = await call('CreatePullThroughCacheRule', upstream);
  assert(made.createdAt instanceof Date, made);
  await refused('PullThroughCacheRuleAlreadyExistsException', 'CreatePullThroughCacheRule',
    upstream);
  await refused('UnsupportedUpstreamRegistryException', 'CreatePullThroughCacheRule',
    { upstreamRegistryUrl: 'registry.example.com', ecrRepositoryPrefix: 'other' });
  const prefixes = { ecrRepositoryPrefixes: ['public'] };
  const [{ pullThroughCacheRules: [rule] }] = await pages('DescribePullThroughCacheRules',
    undefined, prefixes);
  assert.equal(rule.upstreamRegistry, 'ecr-public');
  const checked = await call('ValidatePullThroughCacheRule', named);
  assert.equal(typeof checked.isValid, 'boolean');
  assert.equal(checked.isValid, checked.failure === undefined);
  const secret = `arn:aws:secretsmanager:${process.env.AWS_REGION}:${made.registryId}:secret:`
    + 'ecr-pullthroughcache/hub';
  const hub = { ecrRepositoryPrefix: 'hub' };
  await call('CreatePullThroughCacheRule',
    { ...hub, credentialArn: `${secret}-AbCdEf`, upstreamRegistryUrl: 'registry-1.docker.io' });
  const updated = await call('UpdatePullThroughCacheRule',
    { ...hub, credentialArn: `${secret}-GhIjKl` });
  assert.equal(updated.credentialArn, `${secret}-GhIjKl`);
  assert(updated.updatedAt instanceof Date, updated);
  for (const rule of [named, hub]) await call('DeletePullThroughCacheRule', rule);
  await refused('PullThroughCacheRuleNotFoundException', 'DescribePullThroughCacheRules', prefixes);
}

async function signing() {
  await refused('SigningConfigurationNotFoundException', 'GetSigningConfiguration');
  const signingConfiguration = {
    rules: [{
      signingProfileArn: 'arn:aws:signer:us-east-1:111122223333:/signing-profiles/ours',
      repositoryFilters: [{ filter: 'app', filterType: 'WILDCARD_MATCH' }],
    }],
  };
  await call('PutSigningConfiguration', { signingConfiguration });
  const got = await call('GetSigningConfiguration');
  assert.deepEqual(got.signingConfiguration, signingConfiguration);
  const { signingStatuses } = await call('DescribeImageSigningStatus', image);
  assert(signingStatuses.every((status) => status.status === 'FAILED'), signingStatuses);
  await call('DeleteSigningConfiguration');
  await refused('SigningConfigurationNotFoundException', 'DeleteSigningConfiguration');
}

module.exports = { pullThrough, replication, signing, templates };
