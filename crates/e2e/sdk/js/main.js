'use strict';
// The story of private ECR through the AWS SDK for JavaScript: each operation succeeds at least
// once, and the errors that programs catch are met on the way. The environment names the server
// and the root key, as `wharfinger env` exports them; the story has the server to itself. The last
// line printed says as JSON which operations were driven.

const { finish } = require('./driver');
const { images, layers, storageClasses } = require('./story/images');
const { lifecycle, policies, scanning } = require('./story/policies');
const { deletions, registry, repositories } = require('./story/repositories');
const { pullThrough, replication, signing, templates } = require('./story/rules');

const STORY = [registry, repositories, layers, images, storageClasses, policies, lifecycle, scanning,
  replication, templates, pullThrough, signing, deletions];

async function main() {
  for (const chapter of STORY) await chapter();
  console.log(JSON.stringify(finish()));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
