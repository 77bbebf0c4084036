"""The story of private ECR: each of its operations succeeds at least once, and the errors that
scripts and providers know are met on the way."""

import hashlib
import json
import time

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

LIFECYCLE = json.dumps({"rules": [
    {"rulePriority": 1, "description": "Keep the newest images",
     "selection": {"tagStatus": "tagged", "tagPatternList": ["v*"],
                   "countType": "imageCountMoreThan", "countNumber": 1},
     "action": {"type": "expire"}},
    {"rulePriority": 2,
     "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days",
                   "countNumber": 1},
     "action": {"type": "expire"}},
]})


def policy(account, *actions, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Sid": "another account", "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": list(actions), **more,
    }]})


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def push_layer(call, repository, data):
    upload = call("InitiateLayerUpload", repositoryName=repository)
    part = call("UploadLayerPart", repositoryName=repository, uploadId=upload["uploadId"],
                partFirstByte=0, partLastByte=len(data) - 1, layerPartBlob=data)
    assert part["lastByteReceived"] == len(data) - 1, part
    done = call("CompleteLayerUpload", repositoryName=repository, uploadId=upload["uploadId"],
                layerDigests=[digest_of(data)])
    return done["layerDigest"]


def image(call, repository, content, **more):
    """A manifest over layers that are there by then."""
    config, layer = json.dumps({"content": content}).encode(), content.encode() * 10
    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": push_layer(call, repository, config),
                   "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": push_layer(call, repository, layer),
                    "size": len(layer)}],
        **more,
    })


def put(call, repository, manifest, **more):
    stored = call("PutImage", repositoryName=repository, imageManifest=manifest, **more)
    return stored["image"]["imageId"]["imageDigest"]


def tell(call, account):
    registry(call, account)
    repositories(call, account)
    images(call)
    storage_classes(call)
    policies(call, account)
    lifecycle(call)
    scanning(call)
    replication(call)
    templates(call)
    pull_through(call, account)
    signing(call)
    deletions(call)


def registry(call, account):
    described = call("DescribeRegistry")
    assert described == {"registryId": account,
                         "replicationConfiguration": {"rules": []}}, described
    (token,) = call("GetAuthorizationToken")["authorizationData"]
    assert set(token) == {"authorizationToken", "expiresAt", "proxyEndpoint"}, set(token)
    for name, value in [("REGISTRY_POLICY_SCOPE", "V2"), ("BLOB_MOUNTING", "ENABLED"),
                        ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE")]:
        assert call("GetAccountSetting", name=name)["name"] == name
        stored = call("PutAccountSetting", name=name, value=value)
        assert stored == {"name": name, "value": value}, stored
        assert call("GetAccountSetting", name=name) == stored
    call.refused("InvalidParameterException", "GetAccountSetting", name="NO_SUCH_SETTING")
    role = f"arn:aws:iam::{account}:role/scanner"
    call.refused("ExclusionNotFoundException", "DeregisterPullTimeUpdateExclusion",
                 principalArn=role)
    call("RegisterPullTimeUpdateExclusion", principalArn=role)
    call.refused("ExclusionAlreadyExistsException", "RegisterPullTimeUpdateExclusion",
                 principalArn=role)
    assert call("ListPullTimeUpdateExclusions")["pullTimeUpdateExclusions"] == [role]
    call("DeregisterPullTimeUpdateExclusion", principalArn=role)
    assert call("ListPullTimeUpdateExclusions")["pullTimeUpdateExclusions"] == []


def repositories(call, account):
    made = call("CreateRepository", repositoryName="app", tags=[{"Key": "team", "Value": "a"}],
                imageScanningConfiguration={"scanOnPush": True})["repository"]
    assert made["registryId"] == account and made["imageTagMutability"] == "MUTABLE", made
    assert made["encryptionConfiguration"] == {"encryptionType": "AES256"}, made
    call.refused("RepositoryAlreadyExistsException", "CreateRepository", repositoryName="app")
    call.refused("InvalidParameterException", "CreateRepository", repositoryName="APP")
    call.refused("RepositoryNotFoundException", "DescribeRepositories",
                 repositoryNames=["app", "none"])
    for name in ["b", "c"]:
        call("CreateRepository", repositoryName=f"pages/{name}")
    names, token = [], {}
    while True:
        page = call("DescribeRepositories", maxResults=1, **token)
        names += [repository["repositoryName"] for repository in page["repositories"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert names == ["app", "pages/b", "pages/c"], names
    call.refused("InvalidParameterException", "DescribeRepositories", nextToken="forged")

    arn = made["repositoryArn"]
    call("TagResource", resourceArn=arn, tags=[{"Key": "stage", "Value": "test"}])
    call("UntagResource", resourceArn=arn, tagKeys=["team"])
    tags = call("ListTagsForResource", resourceArn=arn)["tags"]
    assert tags == [{"Key": "stage", "Value": "test"}], tags
    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    call("PutImageTagMutability", repositoryName="app",
         imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters)
    call.refused("InvalidParameterException", "PutImageTagMutability", repositoryName="app",
                 imageTagMutability="IMMUTABLE_WITH_EXCLUSION")
    call("PutImageTagMutability", repositoryName="app", imageTagMutability="IMMUTABLE")
    call("PutImageScanningConfiguration", repositoryName="app",
         imageScanningConfiguration={"scanOnPush": False})


def images(call):
    first = image(call, "app", "first")
    digest = put(call, "app", first, imageTag="v1")
    call.refused("ImageAlreadyExistsException", "PutImage", repositoryName="app",
                 imageManifest=first, imageTag="v1")
    second = image(call, "app", "second")
    call.refused("ImageTagAlreadyExistsException", "PutImage", repositoryName="app",
                 imageManifest=second, imageTag="v1")
    put(call, "app", second, imageTag="v2")
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": MANIFEST, "digest": digest, "size": len(first)}]})
    put(call, "app", index, imageTag="index")
    lost = index.replace(digest, digest_of(b"lost"))
    call.refused("ReferencedImagesNotFoundException", "PutImage", repositoryName="app",
                 imageManifest=lost, imageTag="lost")
    call.refused("InvalidParameterException", "PutImage", repositoryName="app",
                 imageManifest="{}", imageTag="empty")

    listed = call("ListImages", repositoryName="app", filter={"tagStatus": "TAGGED"})["imageIds"]
    assert {found["imageTag"] for found in listed} == {"v1", "v2", "index"}, listed
    described = call("DescribeImages", repositoryName="app", imageIds=[{"imageTag": "v1"}])
    (detail,) = described["imageDetails"]
    assert detail["imageDigest"] == digest and detail["imageStatus"] == "ACTIVE", detail
    call.refused("ImageNotFoundException", "DescribeImages", repositoryName="app",
                 imageIds=[{"imageTag": "none"}])
    got = call("BatchGetImage", repositoryName="app",
               imageIds=[{"imageTag": "v1"}, {"imageTag": "none"}])
    assert got["images"][0]["imageManifest"] == first, got
    assert got["failures"][0]["failureCode"] == "ImageNotFound", got
    layer = json.loads(first)["layers"][0]["digest"]
    checked = call("BatchCheckLayerAvailability", repositoryName="app",
                   layerDigests=[layer, digest_of(b"lost"), "sha256:short"])
    found = {one["layerDigest"]: one["layerAvailability"] for one in checked["layers"]}
    assert found == {layer: "AVAILABLE", digest_of(b"lost"): "UNAVAILABLE"}, checked
    assert checked["failures"][0]["failureCode"] == "InvalidLayerDigest", checked
    url = call("GetDownloadUrlForLayer", repositoryName="app", layerDigest=layer)
    assert url["layerDigest"] == layer and url["downloadUrl"].startswith("http"), url
    call.refused("LayersNotFoundException", "GetDownloadUrlForLayer", repositoryName="app",
                 layerDigest=digest_of(b"lost"))

    subject = {"mediaType": MANIFEST, "digest": digest, "size": len(first)}
    signature = image(call, "app", "signature", subject=subject, artifactType="application/x.sig",
                      annotations={"by": "a key"})
    signature_digest = put(call, "app", signature)
    answer = call("ListImageReferrers", repositoryName="app", subjectId={"imageDigest": digest})
    (referrer,) = answer["referrers"]
    assert referrer["digest"] == signature_digest, referrer
    assert referrer["artifactType"] == "application/x.sig", referrer
    assert referrer["annotations"] == {"by": "a key"}, referrer
    none = call("ListImageReferrers", repositoryName="app", subjectId={"imageDigest": digest},
                filter={"artifactTypes": ["application/x.other"]})
    assert none["referrers"] == [], none


def storage_classes(call):
    wanted = {"repositoryName": "app", "imageId": {"imageTag": "v2"}}
    call.refused("ImageNotFoundException", "UpdateImageStorageClass", repositoryName="app",
                 imageId={"imageTag": "none"}, targetStorageClass="ARCHIVE")
    stored = call("UpdateImageStorageClass", targetStorageClass="ARCHIVE", **wanted)
    assert stored["imageStatus"] == "ARCHIVED", stored
    call.refused("ImageStorageClassUpdateNotSupportedException", "UpdateImageStorageClass",
                 targetStorageClass="ARCHIVE", **wanted)
    listed = call("ListImages", repositoryName="app", filter={"tagStatus": "TAGGED"})["imageIds"]
    assert "v2" not in {found["imageTag"] for found in listed}, listed
    archived = call("DescribeImages", repositoryName="app", filter={"imageStatus": "ARCHIVED"})
    assert [one["imageTags"] for one in archived["imageDetails"]] == [["v2"]], archived
    got = call("BatchGetImage", repositoryName="app", imageIds=[{"imageTag": "v2"}])
    assert not got["images"] and got["failures"], got
    call.refused("ImageArchivedException", "StartImageScan", **wanted)
    restored = call("UpdateImageStorageClass", targetStorageClass="STANDARD", **wanted)
    assert restored["imageStatus"] in ("ACTIVATING", "ACTIVE"), restored
    until = time.monotonic() + 60
    while True:
        described = call("DescribeImages", repositoryName="app", imageIds=[{"imageTag": "v2"}])
        if described["imageDetails"][0]["imageStatus"] == "ACTIVE":
            break
        assert time.monotonic() < until, described
        time.sleep(0.1)
    listed = call("ListImages", repositoryName="app", filter={"tagStatus": "TAGGED"})["imageIds"]
    assert "v2" in {found["imageTag"] for found in listed}, listed


def policies(call, account):
    named = {"repositoryName": "app"}
    call.refused("RepositoryPolicyNotFoundException", "GetRepositoryPolicy", **named)
    call.refused("InvalidParameterException", "SetRepositoryPolicy", policyText="{}", **named)
    text = policy("999988887777", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    call("SetRepositoryPolicy", policyText=text, **named)
    assert json.loads(call("GetRepositoryPolicy", **named)["policyText"]) == json.loads(text)
    call("DeleteRepositoryPolicy", **named)
    call.refused("RepositoryPolicyNotFoundException", "DeleteRepositoryPolicy", **named)

    call.refused("RegistryPolicyNotFoundException", "GetRegistryPolicy")
    arn = f"arn:aws:ecr:us-east-1:{account}:repository/*"
    text = policy("999988887777", "ecr:ReplicateImage", "ecr:CreateRepository", Resource=arn)
    call("PutRegistryPolicy", policyText=text)
    assert json.loads(call("GetRegistryPolicy")["policyText"]) == json.loads(text)
    call("DeleteRegistryPolicy")
    call.refused("RegistryPolicyNotFoundException", "DeleteRegistryPolicy")


def lifecycle(call):
    named = {"repositoryName": "app"}
    call.refused("LifecyclePolicyNotFoundException", "GetLifecyclePolicy", **named)
    call.refused("LifecyclePolicyPreviewNotFoundException", "GetLifecyclePolicyPreview", **named)
    message = call.refused("InvalidParameterException", "PutLifecyclePolicy",
                           lifecyclePolicyText="x" * 100, **named)["message"]
    assert "Lifecycle policy validation failure" in message, message
    started = call("StartLifecyclePolicyPreview", lifecyclePolicyText=LIFECYCLE, **named)
    assert started["status"] == "IN_PROGRESS", started
    call.wait("lifecycle_policy_preview_complete", **named)
    preview = call("GetLifecyclePolicyPreview", **named)
    assert preview["status"] == "COMPLETE", preview
    assert preview["summary"]["expiringImageTotalCount"] >= 0, preview
    # It is carried out as soon as it is put: one that finds nothing to do.
    text = LIFECYCLE.replace('"countNumber": 1', '"countNumber": 100')
    call("PutLifecyclePolicy", lifecyclePolicyText=text, **named)
    got = call("GetLifecyclePolicy", **named)
    assert got["lifecyclePolicyText"] == text and got["lastEvaluatedAt"] >= 0, got
    call("DeleteLifecyclePolicy", **named)
    call.refused("LifecyclePolicyNotFoundException", "DeleteLifecyclePolicy", **named)


def scanning(call):
    fresh = call("GetRegistryScanningConfiguration")
    assert fresh["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}, fresh
    rules = [{"scanFrequency": "SCAN_ON_PUSH",
              "repositoryFilters": [{"filter": "app*", "filterType": "WILDCARD"}]}]
    stored = call("PutRegistryScanningConfiguration", scanType="BASIC", rules=rules)
    assert stored["registryScanningConfiguration"]["rules"] == rules, stored
    assert call("GetRegistryScanningConfiguration")["scanningConfiguration"]["rules"] == rules
    told = call("BatchGetRepositoryScanningConfiguration", repositoryNames=["app", "none"])
    (found,), (failure,) = told["scanningConfigurations"], told["failures"]
    assert found["scanFrequency"] == "SCAN_ON_PUSH" and found["scanOnPush"] is True, found
    assert failure["failureCode"] == "REPOSITORY_NOT_FOUND", failure
    wanted = {"repositoryName": "app", "imageId": {"imageTag": "v1"}}
    call.refused("ScanNotFoundException", "DescribeImageScanFindings", **wanted)
    call.refused("UnsupportedImageTypeException", "StartImageScan", repositoryName="app",
                 imageId={"imageTag": "index"})
    # There are no advisories, and nobody is told that an image is clean.
    started = call("StartImageScan", **wanted)
    assert started["imageScanStatus"]["status"] == "IN_PROGRESS", started
    deadline = time.monotonic() + 60
    told = started
    while told["imageScanStatus"]["status"] == "IN_PROGRESS" and time.monotonic() < deadline:
        told = call("DescribeImageScanFindings", **wanted)
    assert told["imageScanStatus"]["status"] == "FAILED", told
    assert told["imageScanStatus"]["description"], told
    assert "imageScanFindings" not in told, told
    call("PutRegistryScanningConfiguration", scanType="BASIC", rules=[])


def replication(call):
    destination = {"region": "eu-west-1", "registryId": "999988887777"}
    rules = [{"destinations": [destination],
              "repositoryFilters": [{"filter": "app", "filterType": "PREFIX_MATCH"}]}]
    call.refused("ValidationException", "StartReplicationBackfill", destination=destination)
    stored = call("PutReplicationConfiguration", replicationConfiguration={"rules": rules})
    assert stored == {"replicationConfiguration": {"rules": rules}}, stored
    assert call("DescribeRegistry")["replicationConfiguration"] == {"rules": rules}
    told = call("DescribeImageReplicationStatus", repositoryName="app",
                imageId={"imageTag": "v1"})
    assert told["replicationStatuses"] == [], told
    started = call("StartReplicationBackfill", destination=destination)
    wanted = {"replicationBackfillId": started["replicationBackfillId"]}
    told = call("DescribeReplicationBackfillResults", **wanted)
    assert told["destination"] == destination, told
    (listed,) = call("ListReplicationBackfills")["backfills"]
    assert listed["replicationBackfillId"] == wanted["replicationBackfillId"], listed
    # One that has ended cannot be stopped.
    assert told["status"] == "FAILED", told
    call.refused("ReplicationBackfillInvalidStatusException", "StopReplicationBackfill", **wanted)
    call("PutReplicationConfiguration", replicationConfiguration={"rules": []})


def templates(call):
    members = {"description": "for teams", "appliedFor": ["CREATE_ON_PUSH", "REPLICATION"],
               "imageTagMutability": "IMMUTABLE", "lifecyclePolicy": LIFECYCLE,
               "encryptionConfiguration": {"encryptionType": "AES256"}}
    call("CreateRepositoryCreationTemplate", prefix="team", **members)
    call.refused("TemplateAlreadyExistsException", "CreateRepositoryCreationTemplate",
                 prefix="team", **members)
    answer = call("DescribeRepositoryCreationTemplates", prefixes=["team"])
    (found,) = answer["repositoryCreationTemplates"]
    assert found["prefix"] == "team" and found["description"] == "for teams", found
    call("UpdateRepositoryCreationTemplate", prefix="team", description="for all teams")
    gone = call("DeleteRepositoryCreationTemplate", prefix="team")["repositoryCreationTemplate"]
    assert gone["description"] == "for all teams", gone
    call.refused("TemplateNotFoundException", "DeleteRepositoryCreationTemplate", prefix="team")


def pull_through(call, account):
    named = {"ecrRepositoryPrefix": "public"}
    call("CreatePullThroughCacheRule", upstreamRegistryUrl="public.ecr.aws", **named)
    call.refused("PullThroughCacheRuleAlreadyExistsException", "CreatePullThroughCacheRule",
                 upstreamRegistryUrl="public.ecr.aws", **named)
    call.refused("UnsupportedUpstreamRegistryException", "CreatePullThroughCacheRule",
                 upstreamRegistryUrl="registry.example.com", ecrRepositoryPrefix="other")
    answer = call("DescribePullThroughCacheRules", ecrRepositoryPrefixes=["public"])
    (rule,) = answer["pullThroughCacheRules"]
    assert rule["upstreamRegistry"] == "ecr-public", rule
    checked = call("ValidatePullThroughCacheRule", **named)
    assert checked["isValid"] is False and checked["failure"], checked
    secret = f"arn:aws:secretsmanager:us-east-1:{account}:secret:ecr-pullthroughcache/hub-AbCdEf"
    call("CreatePullThroughCacheRule", ecrRepositoryPrefix="hub", credentialArn=secret,
         upstreamRegistryUrl="registry-1.docker.io")
    updated = call("UpdatePullThroughCacheRule", ecrRepositoryPrefix="hub",
                   credentialArn=secret.replace("AbCdEf", "GhIjKl"))
    assert updated["credentialArn"].endswith("GhIjKl"), updated
    for prefix in ["public", "hub"]:
        call("DeletePullThroughCacheRule", ecrRepositoryPrefix=prefix)
    call.refused("PullThroughCacheRuleNotFoundException", "DescribePullThroughCacheRules",
                 ecrRepositoryPrefixes=["public"])


def signing(call):
    call.refused("SigningConfigurationNotFoundException", "GetSigningConfiguration")
    rules = [{"signingProfileArn": "arn:aws:signer:us-east-1:111122223333:/signing-profiles/ours",
              "repositoryFilters": [{"filter": "app", "filterType": "WILDCARD_MATCH"}]}]
    call("PutSigningConfiguration", signingConfiguration={"rules": rules})
    assert call("GetSigningConfiguration")["signingConfiguration"] == {"rules": rules}
    told = call("DescribeImageSigningStatus", repositoryName="app", imageId={"imageTag": "v1"})
    assert [status["status"] for status in told["signingStatuses"]] in (["FAILED"], []), told
    call("DeleteSigningConfiguration")
    call.refused("SigningConfigurationNotFoundException", "DeleteSigningConfiguration")


def deletions(call):
    refused = call("BatchDeleteImage", repositoryName="app",
                   imageIds=[{"imageTag": "v1"}, {"imageTag": "none"}])
    codes = [failure["failureCode"] for failure in refused["failures"]]
    assert codes == ["ImageReferencedByManifestList", "ImageNotFound"], refused
    call.refused("RepositoryNotEmptyException", "DeleteRepository", repositoryName="app")
    call("DeleteRepository", repositoryName="app", force=True)
    call.refused("RepositoryNotFoundException", "DeleteRepository", repositoryName="app")
    call.refused("RepositoryNotFoundException", "ListImages", repositoryName="app")
    for name in ["b", "c"]:
        call("DeleteRepository", repositoryName=f"pages/{name}")
    assert call("DescribeRepositories")["repositories"] == []
