"""Images: put, got, listed, described, tagged and deleted."""

import json
from datetime import datetime, timedelta, timezone

from session import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    account,
    digest_of,
    ecr,
    push_image,
    refused,
)


def images():
    number = account()
    ecr.create_repository(repositoryName="app")
    manifest, digest = push_image("app", "first", "v1")
    docker_manifest, docker_digest = push_image("app", "docker", "docker", DOCKER_MANIFEST)
    _, untagged = push_image("app", "untagged")
    refused(
        "ImageAlreadyExistsException", ecr.put_image, repositoryName="app", imageTag="v1",
        imageManifest=manifest,
    )
    ecr.put_image(repositoryName="app", imageTag="latest", imageManifest=manifest)
    refused(
        "ImageDigestDoesNotMatchException", ecr.put_image, repositoryName="app",
        imageManifest=manifest, imageDigest=docker_digest, imageTag="other",
    )

    got = ecr.batch_get_image(
        repositoryName="app",
        imageIds=[{"imageTag": "v1"}, {"imageDigest": docker_digest}, {"imageTag": "absent"},
                  {"imageTag": "v1", "imageDigest": docker_digest}],
    )
    manifests = {image["imageId"]["imageDigest"]: image["imageManifest"] for image in got["images"]}
    assert manifests == {digest: manifest, docker_digest: docker_manifest}, manifests
    codes = sorted(failure["failureCode"] for failure in got["failures"])
    assert codes == ["ImageNotFound", "ImageTagDoesNotMatchDigest"], got["failures"]

    details = ecr.describe_images(repositoryName="app", imageIds=[{"imageTag": "v1"}])
    (detail,) = details["imageDetails"]
    assert detail["registryId"] == number and detail["repositoryName"] == "app", detail
    assert detail["imageDigest"] == digest, detail
    assert sorted(detail["imageTags"]) == ["latest", "v1"], detail
    assert detail["imageManifestMediaType"] == OCI_MANIFEST, detail
    assert detail["artifactMediaType"] == "application/vnd.oci.image.config.v1+json", detail
    assert detail["imageSizeInBytes"] > 0, detail
    assert datetime.now(timezone.utc) - detail["imagePushedAt"] < timedelta(minutes=2), detail
    message = refused(
        "ImageNotFoundException", ecr.describe_images, repositoryName="app",
        imageIds=[{"imageTag": "absent"}],
    )
    assert "absent" in message and "app" in message, message

    index = json.dumps({
        "schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [{"mediaType": OCI_MANIFEST, "digest": digest, "size": len(manifest)}],
    })
    ecr.put_image(repositoryName="app", imageTag="index", imageManifest=index)
    lost = index.replace(digest, digest_of(b"lost"))
    message = refused(
        "ReferencedImagesNotFoundException", ecr.put_image, repositoryName="app",
        imageTag="lost", imageManifest=lost,
    )
    assert digest_of(b"lost") in message, message
    lost = manifest.replace(digest_of(b"first" * 10), digest_of(b"lost"))
    message = refused(
        "LayersNotFoundException", ecr.put_image, repositoryName="app", imageTag="lost",
        imageManifest=lost,
    )
    assert message == (
        f"Layers with digests '[{digest_of(b'lost')}]' required for pushing image into repository "
        f"with name 'app' in the registry with id '{number}' do not exist"
    ), message

    tagged = ecr.list_images(repositoryName="app", filter={"tagStatus": "TAGGED"})["imageIds"]
    assert sorted(image["imageTag"] for image in tagged) == ["docker", "index", "latest", "v1"]
    found = ecr.list_images(repositoryName="app", filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert found == [{"imageDigest": untagged}], found


def image_pages():
    ecr.create_repository(repositoryName="app")
    expected = set()
    for number in range(23):
        manifest, digest = push_image("app", f"content {number}", f"tag-{number}")
        expected.add((digest, f"tag-{number}"))
    pages = list(ecr.get_paginator("list_images").paginate(
        repositoryName="app", PaginationConfig={"PageSize": 10}
    ))
    assert [len(page["imageIds"]) for page in pages] == [10, 10, 3], pages
    entries = [entry for page in pages for entry in page["imageIds"]]
    found = {(entry["imageDigest"], entry["imageTag"]) for entry in entries}
    assert found == expected, found
    pages = ecr.get_paginator("describe_images").paginate(
        repositoryName="app", PaginationConfig={"PageSize": 5}
    )
    entries = [entry for page in pages for entry in page["imageDetails"]]
    found = {(entry["imageDigest"], *entry["imageTags"]) for entry in entries}
    assert found == expected, found
    refused(
        "InvalidParameterException", ecr.list_images, repositoryName="app", nextToken="nonsense"
    )
    refused("InvalidParameterException", ecr.list_images, repositoryName="app", maxResults=1001)


def mutability():
    ecr.create_repository(repositoryName="app", imageTagMutability="IMMUTABLE")
    push_image("app", "first", "v1")
    manifest, _ = push_image("app", "second", "v2")

    def tag(name):
        return ecr.put_image(repositoryName="app", imageTag=name, imageManifest=manifest)

    def held(name):
        return refused("ImageTagAlreadyExistsException", tag, name=name)

    assert held("v1") == (
        "The image tag 'v1' already exists in the 'app' repository and cannot be overwritten "
        "because the tag is immutable."
    ), held("v1")
    ecr.put_image_tag_mutability(repositoryName="app", imageTagMutability="MUTABLE")
    tag("v1")

    def set_mode(mode, *filters):
        ecr.put_image_tag_mutability(
            repositoryName="app", imageTagMutability=mode,
            imageTagMutabilityExclusionFilters=[
                {"filterType": "WILDCARD", "filter": text} for text in filters
            ],
        )

    push_image("app", "third", "dev-1")
    push_image("app", "fourth", "main")
    set_mode("IMMUTABLE_WITH_EXCLUSION", "dev-*")
    held("main")
    tag("dev-1")
    push_image("app", "fifth", "dev-2")
    push_image("app", "sixth", "release-1")
    set_mode("MUTABLE_WITH_EXCLUSION", "release-*")
    held("release-1")
    tag("dev-2")
    tag("main")


def deleting_images():
    ecr.create_repository(repositoryName="app")
    manifest, digest = push_image("app", "first", "v1")
    ecr.put_image(repositoryName="app", imageTag="v2", imageManifest=manifest)
    index = json.dumps({
        "schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [{"mediaType": OCI_MANIFEST, "digest": digest, "size": len(manifest)}],
    })
    ecr.put_image(repositoryName="app", imageTag="index", imageManifest=index)

    def delete(**image):
        return ecr.batch_delete_image(repositoryName="app", imageIds=[image])

    assert delete(imageTag="v1")["imageIds"] == [{"imageDigest": digest, "imageTag": "v1"}]
    (detail,) = ecr.describe_images(
        repositoryName="app", imageIds=[{"imageDigest": digest}]
    )["imageDetails"]
    assert detail["imageTags"] == ["v2"], detail
    (failure,) = delete(imageDigest=digest)["failures"]
    assert failure["failureCode"] == "ImageReferencedByManifestList", failure
    (failure,) = delete(imageTag="absent")["failures"]
    assert failure["failureCode"] == "ImageNotFound", failure
    refused("RepositoryNotEmptyException", ecr.delete_repository, repositoryName="app")
    assert delete(imageDigest=digest_of(index.encode()))["failures"] == []
    delete(imageDigest=digest)
    assert ecr.list_images(repositoryName="app")["imageIds"] == []
    ecr.delete_repository(repositoryName="app")

    ecr.create_repository(repositoryName="app")
    push_image("app", "again", "v1")
    ecr.delete_repository(repositoryName="app", force=True)
    ecr.create_repository(repositoryName="app")
    assert ecr.list_images(repositoryName="app")["imageIds"] == []
