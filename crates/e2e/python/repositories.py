"""Identity, repositories, their settings and their tags."""

import base64
import urllib.request
from datetime import datetime, timedelta, timezone

from session import ENDPOINT, HOST, REGION, account, client, ecr, refused


def authorization_and_identity():
    identity = client("sts").get_caller_identity()
    number = identity["Account"]
    assert len(number) == 12 and number.isdigit(), identity
    assert identity["Arn"] == f"arn:aws:iam::{number}:root", identity
    assert identity["UserId"] == number, identity

    (data,) = ecr.get_authorization_token()["authorizationData"]
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
    assert user == "AWS" and len(password) > 20, user
    assert data["proxyEndpoint"] == f"http://{HOST}", data["proxyEndpoint"]
    left = data["expiresAt"] - datetime.now(timezone.utc)
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12), left
    basic = {"Authorization": "Basic " + data["authorizationToken"]}
    with urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/v2/", headers=basic)) as answer:
        assert answer.status == 200, answer.status
        assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"

    registry = ecr.describe_registry()
    assert registry["registryId"] == number, registry
    assert registry["replicationConfiguration"] == {"rules": []}, registry


def repositories():
    number = account()
    created = ecr.create_repository(repositoryName="team/app")["repository"]
    age = datetime.now(timezone.utc) - created.pop("createdAt")
    assert timedelta(seconds=-5) < age < timedelta(minutes=2), age
    assert created == {
        "repositoryArn": f"arn:aws:ecr:{REGION}:{number}:repository/team/app",
        "registryId": number,
        "repositoryName": "team/app",
        "repositoryUri": f"{HOST}/team/app",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }, created
    message = refused(
        "RepositoryAlreadyExistsException", ecr.create_repository, repositoryName="team/app"
    )
    assert message == (
        f"The repository with name 'team/app' already exists in the registry with id '{number}'"
    ), message

    names = [f"page/{number:03}" for number in range(25)]
    for name in names:
        ecr.create_repository(repositoryName=name)
    pages = list(ecr.get_paginator("describe_repositories").paginate(
        PaginationConfig={"PageSize": 10}
    ))
    assert [len(page["repositories"]) for page in pages] == [10, 10, 6], pages
    found = [entry["repositoryName"] for page in pages for entry in page["repositories"]]
    assert sorted(found) == sorted([*names, "team/app"]), found

    some = ecr.describe_repositories(repositoryNames=["page/007", "team/app"], registryId=number)
    assert len(some["repositories"]) == 2, some
    absent = {"repositoryName": "absent"}
    message = refused("RepositoryNotFoundException", ecr.delete_repository, **absent)
    assert message == (
        f"The repository with name 'absent' does not exist in the registry with id '{number}'"
    ), message
    for call in [ecr.list_images, ecr.describe_images, ecr.initiate_layer_upload]:
        refused("RepositoryNotFoundException", call, **absent)
    refused(
        "RepositoryNotFoundException", ecr.describe_repositories, repositoryNames=["absent"]
    )
    deleted = ecr.delete_repository(repositoryName="page/007")["repository"]
    assert deleted["repositoryName"] == "page/007", deleted
    refused("RepositoryNotFoundException", ecr.delete_repository, repositoryName="page/007")


def repository_settings():
    ecr.create_repository(
        repositoryName="app", imageScanningConfiguration={"scanOnPush": True},
        imageTagMutability="IMMUTABLE", encryptionConfiguration={"encryptionType": "AES256"},
    )

    def described():
        return ecr.describe_repositories(repositoryNames=["app"])["repositories"][0]

    assert described()["imageScanningConfiguration"] == {"scanOnPush": True}
    answer = ecr.put_image_scanning_configuration(
        repositoryName="app", imageScanningConfiguration={"scanOnPush": False}
    )
    assert answer["repositoryName"] == "app", answer
    assert answer["imageScanningConfiguration"] == {"scanOnPush": False}, answer
    assert described()["imageScanningConfiguration"] == {"scanOnPush": False}

    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    for mutability in ["MUTABLE", "IMMUTABLE"]:
        answer = ecr.put_image_tag_mutability(repositoryName="app", imageTagMutability=mutability)
        assert answer["imageTagMutability"] == mutability, answer
        assert described()["imageTagMutability"] == mutability
    for mutability in ["MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]:
        answer = ecr.put_image_tag_mutability(
            repositoryName="app", imageTagMutability=mutability,
            imageTagMutabilityExclusionFilters=filters,
        )
        assert answer["imageTagMutabilityExclusionFilters"] == filters, answer
        assert described()["imageTagMutability"] == mutability
        assert described()["imageTagMutabilityExclusionFilters"] == filters
        refused(
            "InvalidParameterException", ecr.put_image_tag_mutability, repositoryName="app",
            imageTagMutability=mutability,
        )


def resource_tags():
    tags = [{"Key": "team", "Value": "news"}, {"Key": "stage", "Value": ""}]
    arn = ecr.create_repository(repositoryName="app", tags=tags)["repository"]["repositoryArn"]

    def listed():
        found = ecr.list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    assert listed() == {"team": "news", "stage": ""}, listed()
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "stage", "Value": "test"}])
    assert listed() == {"team": "news", "stage": "test"}, listed()
    ecr.untag_resource(resourceArn=arn, tagKeys=["team", "absent"])
    assert listed() == {"stage": "test"}, listed()
    too_many = [{"Key": f"key-{number}", "Value": "x"} for number in range(51)]
    refused("TooManyTagsException", ecr.tag_resource, resourceArn=arn, tags=too_many)
    absent = arn.replace("/app", "/absent")
    refused("RepositoryNotFoundException", ecr.list_tags_for_resource, resourceArn=absent)
    refused("InvalidParameterException", ecr.list_tags_for_resource, resourceArn="arn:aws:ecr")
