"""Requests that are refused before they reach an operation, or by all of them."""

import json
import os
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

import botocore.auth
from botocore.exceptions import ClientError

from session import ENDPOINT, MIB, client, ecr, refused


def signatures_refused():
    def with_key(key=os.environ["AWS_ACCESS_KEY_ID"], secret=os.environ["AWS_SECRET_ACCESS_KEY"],
                 **more):
        return client(aws_access_key_id=key, aws_secret_access_key=secret, **more)

    message = refused("InvalidSignatureException", with_key(secret="x").describe_repositories)
    assert message.startswith("The request signature we calculated does not match"), message
    unknown = with_key(key="AKIAAAAAAAAAAAAAAAAA")
    message = refused("UnrecognizedClientException", unknown.describe_repositories)
    assert message == "The security token included in the request is invalid.", message
    session = with_key(aws_session_token="token")
    refused("UnrecognizedClientException", session.describe_repositories)

    # botocore corrects a clock that it is told of; one that is wrong must be refused first.
    def at(**offset):
        def skewed_time(remove_tzinfo=True):
            now = datetime.now(timezone.utc) + timedelta(**offset)
            return now.replace(tzinfo=None) if remove_tzinfo else now

        botocore.auth.get_current_datetime = skewed_time
        return with_key().describe_repositories

    right = botocore.auth.get_current_datetime
    message = refused("InvalidSignatureException", at(minutes=-20))
    assert message.startswith("Signature expired: ") and "- 15 min.)" in message, message
    message = refused("InvalidSignatureException", at(minutes=20))
    assert message.startswith("Signature not yet current: "), message
    at(minutes=-14)()
    at(minutes=14)()
    botocore.auth.get_current_datetime = right

    request = urllib.request.Request(f"{ENDPOINT}/", data=b"{}", headers={
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories",
    })
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        body = json.load(error)
        assert error.code == 400, error.code
        assert body["__type"] == "MissingAuthenticationTokenException", body
    else:
        raise AssertionError("no signature, and an answer")


def parameters_refused():
    for name in ["Upper", "a", "-a", "a//b", "a" * 257, "a/", "päckchen"]:
        refused("InvalidParameterException", ecr.create_repository, repositoryName=name)
    ecr.create_repository(repositoryName="app")
    wrong = [
        (ecr.create_repository, {}),
        (ecr.create_repository, {"repositoryName": "b", "imageTagMutability": "SOMETIMES"}),
        (ecr.describe_repositories, {"maxResults": 0}),
        (ecr.describe_repositories, {"maxResults": 1001}),
        (ecr.describe_repositories, {"nextToken": "nonsense"}),
        (ecr.put_image, {"repositoryName": "app", "imageManifest": "{"}),
        (ecr.put_image, {"repositoryName": "app", "imageManifest": "{}", "imageTag": "a b"}),
        (ecr.batch_get_image, {"repositoryName": "app", "imageIds": []}),
    ]
    for call, arguments in wrong:
        message = refused("InvalidParameterException", call, **arguments)
        assert message, arguments
    large = '{"x": "' + "y" * (5 * MIB) + '"}'
    refused(
        "InvalidParameterException", ecr.put_image, repositoryName="app", imageTag="large",
        imageManifest=large,
    )
