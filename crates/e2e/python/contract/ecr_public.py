"""The story of ECR Public: each of its operations succeeds at least once."""

import json

from .ecr import image, policy, put


def tell(call, account):
    registry(call, account)
    repositories(call, account)
    images(call)
    policies(call)
    deletions(call)


def registry(call, account):
    (described,) = call("DescribeRegistries")["registries"]
    assert described["registryId"] == account and described["verified"] is False, described
    assert described["registryArn"] == f"arn:aws:ecr-public::{account}:registry/{account}"
    (alias,) = described["aliases"]
    assert alias["status"] == "ACTIVE" and alias["defaultRegistryAlias"] is True, alias
    assert described["registryUri"].endswith("/" + alias["name"]), described
    token = call("GetAuthorizationToken")["authorizationData"]
    assert set(token) == {"authorizationToken", "expiresAt"}, set(token)
    stored = call("PutRegistryCatalogData", displayName="Our images")
    assert stored == {"registryCatalogData": {"displayName": "Our images"}}, stored
    assert call("GetRegistryCatalogData") == stored


def repositories(call, account):
    data = {"description": "An app", "architectures": ["x86-64", "ARM 64"],
            "operatingSystems": ["Linux"], "aboutText": "# App", "usageText": "Run it."}
    made = call("CreateRepository", repositoryName="app", catalogData=data,
                tags=[{"Key": "team", "Value": "a"}])
    repository = made["repository"]
    assert repository["repositoryArn"] == f"arn:aws:ecr-public::{account}:repository/app", made
    assert repository["repositoryUri"].endswith("/app"), made
    assert made["catalogData"]["description"] == "An app", made
    call.refused("RepositoryAlreadyExistsException", "CreateRepository", repositoryName="app")
    call("CreateRepository", repositoryName="bare")
    call.refused("RepositoryCatalogDataNotFoundException", "GetRepositoryCatalogData",
                 repositoryName="bare")
    names = [one["repositoryName"] for one in call("DescribeRepositories")["repositories"]]
    assert names == ["app", "bare"], names
    first = call("DescribeRepositories", maxResults=1)
    second = call("DescribeRepositories", maxResults=1, nextToken=first["nextToken"])
    assert second["repositories"][0]["repositoryName"] == "bare", second
    call("PutRepositoryCatalogData", repositoryName="app",
         catalogData={**data, "description": "The app"})
    got = call("GetRepositoryCatalogData", repositoryName="app")
    assert got["catalogData"]["description"] == "The app", got
    arn = repository["repositoryArn"]
    call("TagResource", resourceArn=arn, tags=[{"Key": "stage", "Value": "test"}])
    call("UntagResource", resourceArn=arn, tagKeys=["team"])
    tags = call("ListTagsForResource", resourceArn=arn)["tags"]
    assert tags == [{"Key": "stage", "Value": "test"}], tags


def images(call):
    first = image(call, "app", "first")
    digest = put(call, "app", first, imageTag="v1")
    put(call, "app", image(call, "app", "second"), imageTag="v2")
    layer = json.loads(first)["layers"][0]["digest"]
    (checked,) = call("BatchCheckLayerAvailability", repositoryName="app",
                      layerDigests=[layer])["layers"]
    assert checked["layerAvailability"] == "AVAILABLE", checked
    (detail,) = call("DescribeImages", repositoryName="app",
                     imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert detail["imageDigest"] == digest and detail["imageTags"] == ["v1"], detail
    call.refused("ImageNotFoundException", "DescribeImages", repositoryName="app",
                 imageIds=[{"imageTag": "none"}])
    tags = call("DescribeImageTags", repositoryName="app")["imageTagDetails"]
    assert {tag["imageTag"] for tag in tags} == {"v1", "v2"}, tags
    call.refused("RegistryNotFoundException", "BatchCheckLayerAvailability",
                 registryId="no-such-alias", repositoryName="app", layerDigests=[layer])


def policies(call):
    named = {"repositoryName": "app"}
    call.refused("RepositoryPolicyNotFoundException", "GetRepositoryPolicy", **named)
    text = policy("999988887777", "ecr-public:PutImage", "ecr-public:InitiateLayerUpload")
    call("SetRepositoryPolicy", policyText=text, **named)
    assert json.loads(call("GetRepositoryPolicy", **named)["policyText"]) == json.loads(text)
    call("DeleteRepositoryPolicy", **named)


def deletions(call):
    call("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "v2"}])
    call.refused("RepositoryNotEmptyException", "DeleteRepository", repositoryName="app")
    call("DeleteRepository", repositoryName="app", force=True)
    call.refused("RepositoryNotFoundException", "DeleteRepository", repositoryName="app")
    call("DeleteRepository", repositoryName="bare")
    assert call("DescribeRepositories")["repositories"] == []
