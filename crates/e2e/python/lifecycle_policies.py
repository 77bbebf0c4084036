"""Lifecycle policies and their previews."""

import json
from datetime import datetime, timezone

from session import account, ecr, push_image, refused


def keep_newest(pattern, number):
    """The policy of many a tutorial: the newest releases stay, what lost its tag goes."""
    return json.dumps({"rules": [
        {
            "rulePriority": 1,
            "description": "keep the newest releases",
            "selection": {
                "tagStatus": "tagged", "tagPatternList": [pattern],
                "countType": "imageCountMoreThan", "countNumber": number,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {
                "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        },
    ]})


def lifecycle_policies():
    repository = {"registryId": account(), "repositoryName": "app"}
    ecr.create_repository(repositoryName="app")
    refused("LifecyclePolicyNotFoundException", ecr.get_lifecycle_policy, **repository)
    text = keep_newest("v*", 10)
    put = ecr.put_lifecycle_policy(**repository, lifecyclePolicyText=text)
    assert put["lifecyclePolicyText"] == text, put
    for call in [ecr.get_lifecycle_policy, ecr.delete_lifecycle_policy]:
        found = call(**repository)
        assert found["lifecyclePolicyText"] == text, found
        # 1970 until the server has been at it, which may be by now.
        assert found["lastEvaluatedAt"] >= datetime.fromtimestamp(0, timezone.utc), found
    refused("LifecyclePolicyNotFoundException", ecr.delete_lifecycle_policy, **repository)
    message = refused(
        "InvalidParameterException", ecr.put_lifecycle_policy, **repository,
        lifecyclePolicyText=text.replace('"rulePriority": 2', '"rulePriority": 0'),
    )
    assert message.endswith(
        "numeric instance is lower than the required minimum (minimum: 1, found: 0)"
    ), message


def lifecycle_previews():
    ecr.create_repository(repositoryName="app")
    refused(
        "LifecyclePolicyPreviewNotFoundException", ecr.get_lifecycle_policy_preview,
        repositoryName="app",
    )
    digests = [push_image("app", f"release {n}", f"v{n}")[1] for n in range(5)]
    push_image("app", "no release", "latest")
    push_image("app", "untagged")
    text = keep_newest("v*", 2)
    started = ecr.start_lifecycle_policy_preview(repositoryName="app", lifecyclePolicyText=text)
    assert started["status"] == "IN_PROGRESS" and started["lifecyclePolicyText"] == text, started
    waiter = ecr.get_waiter("lifecycle_policy_preview_complete")
    waiter.wait(repositoryName="app", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    pages = ecr.get_paginator("get_lifecycle_policy_preview").paginate(
        repositoryName="app", PaginationConfig={"PageSize": 2}
    )
    results = []
    for page in pages:
        assert page["status"] == "COMPLETE", page
        assert page["summary"] == {"expiringImageTotalCount": 3}, page
        assert len(page["previewResults"]) <= 2, page
        results += page["previewResults"]
    assert [result["imageDigest"] for result in results] == digests[:3], results
    for number, result in enumerate(results):
        assert result["imageTags"] == [f"v{number}"], result
        assert result["action"] == {"type": "EXPIRE"}, result
        assert result["appliedRulePriority"] == 1, result
        assert result["storageClass"] == "STANDARD", result
        assert isinstance(result["imagePushedAt"], datetime), result
    images = ecr.describe_images(repositoryName="app")["imageDetails"]
    assert len(images) == 7, "a preview deletes nothing"
