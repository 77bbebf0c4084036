'use strict';
// Policies of repositories and of the registry, lifecycle policies, scanning.

const assert = require('node:assert/strict');
const { call, pages, refused, waited } = require('../driver');

const named = { repositoryName: 'app' };
const LIFECYCLE = JSON.stringify({
  rules: [{
    rulePriority: 1,
    description: 'Keep the newest images',
    selection: { tagStatus: 'tagged', tagPatternList: ['*'], countType: 'imageCountMoreThan',
      countNumber: 1 },
    action: { type: 'expire' },
  }],
});

function policy(actions, more = {}) {
  const Principal = { AWS: 'arn:aws:iam::999988887777:root' };
  const statement = { Sid: 'other', Effect: 'Allow', Principal, Action: actions, ...more };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

async function policies() {
  await refused('RepositoryPolicyNotFoundException', 'GetRepositoryPolicy', named);
  await refused('InvalidParameterException', 'SetRepositoryPolicy', { ...named, policyText: '{}' });
  const read = policy(['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']);
  await call('SetRepositoryPolicy', { ...named, policyText: read });
  const got = await call('GetRepositoryPolicy', named);
  assert.deepEqual(JSON.parse(got.policyText), JSON.parse(read));
  await call('DeleteRepositoryPolicy', named);
  await refused('RepositoryPolicyNotFoundException', 'DeleteRepositoryPolicy', named);

  await refused('RegistryPolicyNotFoundException', 'GetRegistryPolicy');
  const { registryId } = await call('DescribeRegistry');
  const Resource = `arn:aws:ecr:${process.env.AWS_REGION}:${registryId}:repository/*`;
  const write = policy(['ecr:ReplicateImage', 'ecr:CreateRepository'], { Resource });
  await call('PutRegistryPolicy', { policyText: write });
  const { policyText } = await call('GetRegistryPolicy');
  assert.deepEqual(JSON.parse(policyText), JSON.parse(write));
  await call('DeleteRegistryPolicy');
  await refused('RegistryPolicyNotFoundException', 'DeleteRegistryPolicy');
}

async function lifecycle() {
  await refused('LifecyclePolicyNotFoundException', 'GetLifecyclePolicy', named);
  await refused('LifecyclePolicyPreviewNotFoundException', 'GetLifecyclePolicyPreview', named);
  const invalid = { ...named, lifecyclePolicyText: 'x'.repeat(100) };
  const { message } = await refused('InvalidParameterException', 'PutLifecyclePolicy', invalid);
  assert.match(message, /Lifecycle policy validation failure/);
  const tried = { ...named, lifecyclePolicyText: LIFECYCLE };
  assert.equal((await call('StartLifecyclePolicyPreview', tried)).status, 'IN_PROGRESS');
  assert.equal(await waited('LifecyclePolicyPreviewComplete', named), 'SUCCESS');
  const [preview] = await pages('GetLifecyclePolicyPreview', undefined, named);
  assert.equal(preview.status, 'COMPLETE');
  // Of the three that the rule selects, the newest stays, and what the index lists.
  assert.equal(preview.summary.expiringImageTotalCount, 1);
  const [result] = preview.previewResults;
  assert.equal(result.imageTags.length, 1);
  assert.deepEqual(result.action, { type: 'EXPIRE' });
  assert.equal(result.appliedRulePriority, 1);
  assert(result.imagePushedAt instanceof Date, result);
  // It is carried out as soon as it is put: one that finds nothing to do.
  const lifecyclePolicyText = LIFECYCLE.replace('"countNumber":1', '"countNumber":100');
  await call('PutLifecyclePolicy', { ...named, lifecyclePolicyText });
  const got = await call('GetLifecyclePolicy', named);
  assert.equal(got.lifecyclePolicyText, lifecyclePolicyText);
  assert(got.lastEvaluatedAt instanceof Date, got);
  await call('DeleteLifecyclePolicy', named);
  await refused('LifecyclePolicyNotFoundException', 'DeleteLifecyclePolicy', named);
}

async function scanning() {
  const fresh = await call('GetRegistryScanningConfiguration');
  assert.deepEqual(fresh.scanningConfiguration, { scanType: 'BASIC', rules: [] });
  const rules = [{ scanFrequency: 'SCAN_ON_PUSH',
    repositoryFilters: [{ filter: 'app*', filterType: 'WILDCARD' }] }];
  const stored = await call('PutRegistryScanningConfiguration', { scanType: 'BASIC', rules });
  assert.deepEqual(stored.registryScanningConfiguration, { scanType: 'BASIC', rules });
  const told = await call('BatchGetRepositoryScanningConfiguration',
    { repositoryNames: ['app', 'none'] });
  const [found] = told.scanningConfigurations;
  assert.equal(found.scanFrequency, 'SCAN_ON_PUSH');
  assert.equal(found.scanOnPush, true);
  assert.equal(told.failures[0].failureCode, 'REPOSITORY_NOT_FOUND');
  const wanted = { ...named, imageId: { imageTag: 'v1' } };
  await refused('ScanNotFoundException', 'DescribeImageScanFindings', wanted);
  await refused('UnsupportedImageTypeException', 'StartImageScan',
    { ...named, imageId: { imageTag: 'index' } });
  const started = await call('StartImageScan', wanted);
  assert(started.imageScanStatus.status, started);
  // Nobody is told that an image is clean which was not scanned.
  const state = await waited('ImageScanComplete', wanted);
  const [findings] = await pages('DescribeImageScanFindings', undefined, wanted);
  const scanned = findings.imageScanStatus.status === 'COMPLETE';
  assert.equal(state, scanned ? 'SUCCESS' : 'FAILURE');
  assert.equal(findings.imageScanFindings !== undefined, scanned);
  await call('PutRegistryScanningConfiguration', { scanType: 'BASIC', rules: [] });
}

module.exports = { LIFECYCLE, lifecycle, policies, scanning };
