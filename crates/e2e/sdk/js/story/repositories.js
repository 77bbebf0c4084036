'use strict';
// The registry, its repositories and their tags.

const assert = require('node:assert/strict');
const { call, pages, refused } = require('../driver');

async function registry() {
  const described = await call('DescribeRegistry');
  const { registryId } = described;
  assert.match(registryId, /^\d{12}$/);
  assert.deepEqual(described, { registryId, replicationConfiguration: { rules: [] } });
  const { authorizationData: [token] } = await call('GetAuthorizationToken');
  assert.match(Buffer.from(token.authorizationToken, 'base64').toString(), /^AWS:[^:]+$/);
  assert(token.expiresAt > new Date() && URL.canParse(token.proxyEndpoint), token);
  const settings = [['REGISTRY_POLICY_SCOPE', 'V2'], ['BLOB_MOUNTING', 'ENABLED'],
    ['BASIC_SCAN_TYPE_VERSION', 'AWS_NATIVE']];
  for (const [name, value] of settings) {
    assert.deepEqual(await call('PutAccountSetting', { name, value }), { name, value });
    assert.deepEqual(await call('GetAccountSetting', { name }), { name, value });
  }
  await refused('InvalidParameterException', 'GetAccountSetting', { name: 'NO_SUCH_SETTING' });
  await exclusions({ principalArn: `arn:aws:iam::${registryId}:role/scanner` });
}

async function exclusions(named) {
  const listed = async () => (await call('ListPullTimeUpdateExclusions')).pullTimeUpdateExclusions;
  await refused('ExclusionNotFoundException', 'DeregisterPullTimeUpdateExclusion', named);
  const registered = await call('RegisterPullTimeUpdateExclusion', named);
  assert(registered.createdAt instanceof Date, registered);
  await refused('ExclusionAlreadyExistsException', 'RegisterPullTimeUpdateExclusion', named);
  assert.deepEqual(await listed(), [named.principalArn]);
  await call('DeregisterPullTimeUpdateExclusion', named);
  assert.deepEqual(await listed(), []);
}

async function repositories() {
  const { repository } = await call('CreateRepository', {
    repositoryName: 'app', tags: [{ Key: 'team', Value: 'a' }],
    imageScanningConfiguration: { scanOnPush: true },
  });
  assert.equal(repository.imageTagMutability, 'MUTABLE');
  assert.deepEqual(repository.encryptionConfiguration, { encryptionType: 'AES256' });
  assert.deepEqual(repository.imageScanningConfiguration, { scanOnPush: true });
  assert(repository.createdAt instanceof Date, repository);
  await refused('RepositoryAlreadyExistsException', 'CreateRepository', { repositoryName: 'app' });
  await refused('InvalidParameterException', 'CreateRepository', { repositoryName: 'APP' });
  await refused('RepositoryNotFoundException', 'DescribeRepositories',
    { repositoryNames: ['app', 'none'] });
  const kmsKey = `arn:aws:kms:${process.env.AWS_REGION}:${repository.registryId}:key/`
    + '00000000-0000-4000-8000-000000000000';
  const fault = await refused('KmsException', 'CreateRepository', {
    repositoryName: 'sealed', encryptionConfiguration: { encryptionType: 'KMS', kmsKey },
  });
  assert.equal(fault.kmsError, 'NotFoundException');
  for (const name of ['b', 'c']) await call('CreateRepository', { repositoryName: `pages/${name}` });
  const found = await pages('DescribeRepositories', 1);
  const names = found.map((page) => page.repositories.map((one) => one.repositoryName));
  assert.deepEqual(names, [['app'], ['pages/b'], ['pages/c']]);
  await refused('InvalidParameterException', 'DescribeRepositories', { nextToken: 'forged' });
  await tags(repository.repositoryArn);
  await settings();
}

async function tags(resourceArn) {
  const stage = { Key: 'stage', Value: 'test' };
  await call('TagResource', { resourceArn, tags: [stage] });
  await call('UntagResource', { resourceArn, tagKeys: ['team'] });
  assert.deepEqual(await call('ListTagsForResource', { resourceArn }), { tags: [stage] });
  await refused('InvalidTagParameterException', 'TagResource',
    { resourceArn, tags: [{ Key: 'aws:stage', Value: 'test' }] });
}

async function settings() {
  const named = { repositoryName: 'app' };
  const excluding = { ...named, imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION' };
  const imageTagMutabilityExclusionFilters = [{ filterType: 'WILDCARD', filter: 'dev-*' }];
  const stored = await call('PutImageTagMutability',
    { ...excluding, imageTagMutabilityExclusionFilters });
  assert.deepEqual(stored.imageTagMutabilityExclusionFilters, imageTagMutabilityExclusionFilters);
  await refused('InvalidParameterException', 'PutImageTagMutability', excluding);
  await call('PutImageTagMutability', { ...named, imageTagMutability: 'IMMUTABLE' });
  const scanning = await call('PutImageScanningConfiguration',
    { ...named, imageScanningConfiguration: { scanOnPush: false } });
  assert.deepEqual(scanning.imageScanningConfiguration, { scanOnPush: false });
}

async function deletions() {
  const named = { repositoryName: 'app' };
  const kept = await call('BatchDeleteImage',
    { ...named, imageIds: [{ imageTag: 'v1' }, { imageTag: 'none' }] });
  const codes = kept.failures.map((failure) => failure.failureCode);
  assert.deepEqual(codes, ['ImageReferencedByManifestList', 'ImageNotFound']);
  await refused('RepositoryNotEmptyException', 'DeleteRepository', named);
  await call('DeleteRepository', { ...named, force: true });
  await refused('RepositoryNotFoundException', 'DeleteRepository', named);
  await refused('RepositoryNotFoundException', 'ListImages', named);
  for (const name of ['b', 'c']) await call('DeleteRepository', { repositoryName: `pages/${name}` });
  assert.deepEqual(await call('DescribeRepositories'), { repositories: [] });
}

module.exports = { deletions, registry, repositories };
