"""What the scenarios share: a client without retries, and pushing through the JSON API."""

import hashlib
import json
import os
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
HOST = urlsplit(ENDPOINT).netloc
REGION = os.environ["AWS_REGION"]
MIB = 1024 * 1024
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

# No retries: an answer is judged as it comes. No validation: the server must do its own.
PLAIN = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


def client(service="ecr", **options):
    return boto3.client(service, config=PLAIN, **options)


ecr = client()
MODELLED = {shape.name for shape in ecr.meta.service_model.error_shapes}


def account():
    return client("sts").get_caller_identity()["Account"]


def refused(code, call, **arguments):
    """Calls what must fail with this error, by name; answers the message."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"{found} instead of {code}"
        assert error.response["ResponseMetadata"]["RequestId"], error.response
        # Errors of the model are classes of their own, which scripts catch by name.
        if code in MODELLED:
            assert isinstance(error, getattr(ecr.exceptions, code)), type(error)
        return found["Message"]
    raise AssertionError(f"{code} expected, and got {answer}")


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def push_layer(repository, data):
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=upload,
        partFirstByte=0,
        partLastByte=len(data) - 1,
        layerPartBlob=data,
    )
    done = ecr.complete_layer_upload(
        repositoryName=repository, uploadId=upload, layerDigests=[digest_of(data)]
    )
    assert done["layerDigest"] == digest_of(data), done
    return done["layerDigest"]


def push_image(repository, content, tag=None, media_type=OCI_MANIFEST):
    """Pushes an image with one layer of this content; answers the manifest and its digest."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "note": content}).encode()
    layer = content.encode() * 10
    docker = media_type == DOCKER_MANIFEST
    config_type = "application/vnd.docker.container.image.v1+json"
    layer_type = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    manifest = json.dumps({
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {
            "mediaType": config_type if docker else "application/vnd.oci.image.config.v1+json",
            "digest": push_layer(repository, config),
            "size": len(config),
        },
        "layers": [{
            "mediaType": layer_type if docker else "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": push_layer(repository, layer),
            "size": len(layer),
        }],
    }, indent=1)
    arguments = {"imageTag": tag} if tag else {}
    image = ecr.put_image(repositoryName=repository, imageManifest=manifest, **arguments)["image"]
    digest = digest_of(manifest.encode())
    assert image["imageId"] == {"imageDigest": digest, **arguments}, image
    assert image["imageManifest"] == manifest and image["repositoryName"] == repository, image
    assert image["imageManifestMediaType"] == media_type, image
    return manifest, digest
