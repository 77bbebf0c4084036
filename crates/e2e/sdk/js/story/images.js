'use strict';
// Layers, and the images made of them.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { call, pages, refused } = require('../driver');

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

const repositoryName = 'app';
const tagged = { repositoryName, filter: { tagStatus: 'TAGGED' } };

function digestOf(data) {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

async function push(data) {
  const { uploadId } = await call('InitiateLayerUpload', { repositoryName });
  const part = await call('UploadLayerPart', {
    repositoryName, uploadId, partFirstByte: 0, partLastByte: data.length - 1, layerPartBlob: data,
  });
  assert.equal(part.lastByteReceived, data.length - 1);
  const done = await call('CompleteLayerUpload',
    { repositoryName, uploadId, layerDigests: [digestOf(data)] });
  return done.layerDigest;
}

/** A manifest over layers that are there by then. */
async function image(content, more = {}) {
  const config = Buffer.from(JSON.stringify({ content }));
  const layer = Buffer.from(content.repeat(10));
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: await push(config), size: config.length },
    layers: [{ mediaType: LAYER, digest: await push(layer), size: layer.length }],
    ...more,
  });
}

async function put(imageManifest, more = {}) {
  const stored = await call('PutImage', { repositoryName, imageManifest, ...more });
  assert.equal(stored.image.imageManifest, imageManifest);
  return stored.image.imageId.imageDigest;
}

async function layers() {
  const { uploadId, partSize } = await call('InitiateLayerUpload', { repositoryName });
  assert(partSize >= 5 * 1024 * 1024, partSize);
  const upload = { repositoryName, uploadId };
  const data = Buffer.from('0123456789');
  const layerDigests = [digestOf(data)];
  await refused('EmptyUploadException', 'CompleteLayerUpload', { ...upload, layerDigests });
  await call('UploadLayerPart',
    { ...upload, partFirstByte: 0, partLastByte: 9, layerPartBlob: data });
  const gap = await refused('InvalidLayerPartException', 'UploadLayerPart',
    { ...upload, partFirstByte: 20, partLastByte: 29, layerPartBlob: data });
  assert.equal(gap.lastValidByteReceived, 9);
  assert.equal(gap.uploadId, uploadId);
  assert.equal(gap.repositoryName, repositoryName);
  assert.match(gap.registryId, /^\d{12}$/);
  await refused('InvalidLayerException', 'CompleteLayerUpload',
    { ...upload, layerDigests: [digestOf('other')] });
  const unknown = { repositoryName, uploadId: '00000000-0000-4000-8000-000000000000' };
  await refused('UploadNotFoundException', 'CompleteLayerUpload', { ...unknown, layerDigests });
}

async function images() {
  const first = await image('first');
  const digest = await put(first, { imageTag: 'v1' });
  assert.equal(digest, digestOf(first));
  const again = { repositoryName, imageManifest: first, imageTag: 'v1' };
  await refused('ImageAlreadyExistsException', 'PutImage', again);
  const second = { repositoryName, imageManifest: await image('second') };
  await refused('ImageTagAlreadyExistsException', 'PutImage', { ...second, imageTag: 'v1' });
  await refused('ImageDigestDoesNotMatchException', 'PutImage', { ...second, imageDigest: digest });
  await put(second.imageManifest, { imageTag: 'v2' });
  const index = JSON.stringify({
    schemaVersion: 2, mediaType: INDEX,
    manifests: [{ mediaType: MANIFEST, digest, size: first.length }],
  });
  await put(index, { imageTag: 'index' });
  await refused('ReferencedImagesNotFoundException', 'PutImage',
    { repositoryName, imageManifest: index.replace(digest, digestOf('lost')), imageTag: 'lost' });
  await lists(digest);
  await reads(first);
  await referrers(first, digest);
}

async function lists(digest) {
  const found = await pages('ListImages', 1, tagged);
  assert.equal(found.length, 3);
  const tags = found.flatMap((page) => page.imageIds.map((id) => id.imageTag));
  assert.deepEqual(tags.sort(), ['index', 'v1', 'v2']);
  const named = { repositoryName, imageIds: [{ imageTag: 'v1' }] };
  const [{ imageDetails: [detail] }] = await pages('DescribeImages', undefined, named);
  assert.equal(detail.imageDigest, digest);
  assert.equal(detail.imageStatus, 'ACTIVE');
  assert.equal(detail.imageManifestMediaType, MANIFEST);
  assert(detail.imagePushedAt instanceof Date && Number.isSafeInteger(detail.imageSizeInBytes));
  await refused('ImageNotFoundException', 'DescribeImages',
    { repositoryName, imageIds: [{ imageTag: 'none' }] });
}

async function reads(first) {
  const got = await call('BatchGetImage',
    { repositoryName, imageIds: [{ imageTag: 'v1' }, { imageTag: 'none' }] });
  assert.equal(got.images[0].imageManifest, first);
  assert.equal(got.failures[0].failureCode, 'ImageNotFound');
  const layerDigest = JSON.parse(first).layers[0].digest;
  const lost = digestOf('lost');
  const checked = await call('BatchCheckLayerAvailability',
    { repositoryName, layerDigests: [layerDigest, lost, 'sha256:short'] });
  const states = checked.layers.map((layer) => [layer.layerDigest, layer.layerAvailability]);
  assert.deepEqual(states, [[layerDigest, 'AVAILABLE'], [lost, 'UNAVAILABLE']]);
  assert.equal(checked.failures[0].failureCode, 'InvalidLayerDigest');
  const { downloadUrl } = await call('GetDownloadUrlForLayer', { repositoryName, layerDigest });
  const body = Buffer.from(await (await fetch(downloadUrl)).arrayBuffer());
  assert.equal(digestOf(body), layerDigest);
  await refused('LayersNotFoundException', 'GetDownloadUrlForLayer',
    { repositoryName, layerDigest: lost });
}

async function referrers(first, imageDigest) {
  const signature = await image('signature', {
    subject: { mediaType: MANIFEST, digest: imageDigest, size: first.length },
    artifactType: 'application/x.sig', annotations: { by: 'a key' },
  });
  const digest = await put(signature);
  const wanted = { repositoryName, subjectId: { imageDigest } };
  const { referrers: [referrer] } = await call('ListImageReferrers', wanted);
  assert.equal(referrer.digest, digest);
  assert.equal(referrer.size, signature.length);
  assert.equal(referrer.artifactType, 'application/x.sig');
  assert.deepEqual(referrer.annotations, { by: 'a key' });
  const none = await call('ListImageReferrers',
    { ...wanted, filter: { artifactTypes: ['application/x.other'] } });
  assert.deepEqual(none.referrers, []);
}

async function storageClasses() {
  const wanted = { repositoryName, imageId: { imageTag: 'v2' } };
  const archive = { ...wanted, targetStorageClass: 'ARCHIVE' };
  const listsIt = async () =>
    (await call('ListImages', tagged)).imageIds.some((id) => id.imageTag === 'v2');
  await refused('ImageNotFoundException', 'UpdateImageStorageClass',
    { ...archive, imageId: { imageTag: 'none' } });
  assert.equal((await call('UpdateImageStorageClass', archive)).imageStatus, 'ARCHIVED');
  await refused('ImageStorageClassUpdateNotSupportedException', 'UpdateImageStorageClass', archive);
  assert(!await listsIt());
  const filter = { imageStatus: 'ARCHIVED' };
  const archived = await call('DescribeImages', { repositoryName, filter });
  assert.deepEqual(archived.imageDetails.map((one) => one.imageTags), [['v2']]);
  assert(archived.imageDetails[0].lastArchivedAt instanceof Date);
  await refused('ImageArchivedException', 'StartImageScan', wanted);
  const restored = await call('UpdateImageStorageClass',
    { ...wanted, targetStorageClass: 'STANDARD' });
  assert(['ACTIVATING', 'ACTIVE'].includes(restored.imageStatus));
  const until = Date.now() + 60_000;
  while (!await listsIt()) {
    assert(Date.now() < until, 'the image does not come back');
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

module.exports = { images, layers, storageClasses };
