"""Layers through the JSON API: in parts, downloaded, and refused."""

import hashlib
import json
import urllib.error
import urllib.request

from session import MIB, OCI_MANIFEST, digest_of, ecr, push_layer, refused


def layers_in_parts():
    ecr.create_repository(repositoryName="app")
    layer = hashlib.shake_256(b"layer").digest(12 * MIB + 345)
    digest = digest_of(layer)
    before = ecr.batch_check_layer_availability(repositoryName="app", layerDigests=[digest])
    assert not before["failures"], before
    assert before["layers"][0]["layerAvailability"] == "UNAVAILABLE", before

    upload = ecr.initiate_layer_upload(repositoryName="app")
    assert 5 * MIB <= upload["partSize"] <= 20 * MIB, upload
    part_size = 5 * MIB
    for start in range(0, len(layer), part_size):
        part = layer[start:start + part_size]
        answer = ecr.upload_layer_part(
            repositoryName="app", uploadId=upload["uploadId"], partFirstByte=start,
            partLastByte=start + len(part) - 1, layerPartBlob=part,
        )
        assert answer["lastByteReceived"] == start + len(part) - 1, answer
        assert answer["uploadId"] == upload["uploadId"], answer
    done = ecr.complete_layer_upload(
        repositoryName="app", uploadId=upload["uploadId"], layerDigests=[digest]
    )
    assert done["layerDigest"] == digest and done["uploadId"] == upload["uploadId"], done

    after = ecr.batch_check_layer_availability(repositoryName="app", layerDigests=[digest])
    (found,) = after["layers"]
    assert (found["layerAvailability"], found["layerSize"]) == ("AVAILABLE", len(layer)), after

    # What no image refers to yet is not given out.
    download = {"repositoryName": "app", "layerDigest": digest}
    refused("LayerInaccessibleException", ecr.get_download_url_for_layer, **download)
    config = push_layer("app", b"{}")
    manifest = {
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/octet-stream", "digest": digest, "size": len(layer)}],
    }
    ecr.put_image(repositoryName="app", imageManifest=json.dumps(manifest), imageTag="layer")
    url = ecr.get_download_url_for_layer(**download)
    assert url["layerDigest"] == digest, url
    with urllib.request.urlopen(url["downloadUrl"]) as answer:
        assert answer.read() == layer
    part = urllib.request.Request(url["downloadUrl"], headers={"Range": "bytes=100-199"})
    with urllib.request.urlopen(part) as answer:
        assert answer.status == 206 and answer.read() == layer[100:200]
    for altered in [url["downloadUrl"][:-1], url["downloadUrl"].replace("/app", "/other", 1)]:
        try:
            urllib.request.urlopen(altered)
        except urllib.error.HTTPError as error:
            assert error.code in (400, 403, 404), error
        else:
            raise AssertionError(f"{altered} works")


def layers_refused():
    ecr.create_repository(repositoryName="app")
    part = b"x" * 1000

    def begin():
        return ecr.initiate_layer_upload(repositoryName="app")["uploadId"]

    def send(upload, first, last, data=part):
        return ecr.upload_layer_part(
            repositoryName="app", uploadId=upload, partFirstByte=first, partLastByte=last,
            layerPartBlob=data,
        )

    def complete(upload, digest=digest_of(part)):
        return ecr.complete_layer_upload(
            repositoryName="app", uploadId=upload, layerDigests=[digest]
        )

    absent = "00000000-0000-4000-8000-000000000000"
    refused("UploadNotFoundException", send, upload=absent, first=0, last=999)
    refused("UploadNotFoundException", complete, upload=absent)
    upload = begin()
    refused("EmptyUploadException", complete, upload=upload)
    send(upload, 0, 999)
    try:
        send(upload, 5, 1004)
    except ecr.exceptions.InvalidLayerPartException as error:
        assert error.response["lastValidByteReceived"] == 999, error.response
        assert error.response["uploadId"] == upload, error.response
    else:
        raise AssertionError("a part that does not follow")
    refused("InvalidLayerException", complete, upload=upload, digest=digest_of(b"other"))

    upload = begin()
    send(upload, 0, 999)
    send(upload, 1000, 1999)
    refused("LayerPartTooSmallException", complete, upload=upload, digest=digest_of(part * 2))
    upload = begin()
    send(upload, 0, 999)
    complete(upload)
    refused("UploadNotFoundException", complete, upload=upload)
    upload = begin()
    send(upload, 0, 999)
    refused("LayerAlreadyExistsException", complete, upload=upload)
    missing = digest_of(b"missing")
    refused(
        "LayersNotFoundException", ecr.get_download_url_for_layer, repositoryName="app",
        layerDigest=missing,
    )
