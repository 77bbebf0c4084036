"""`python -m contract <boto3|aws-cli> <ecr|ecr-public>`: tells the story, and prints as JSON which
operations it drove.

The environment names the server and the root key, as `wharfinger env` exports them. The story has
the server to itself. An answer that does not hold ends it with a traceback.
"""

import json
import sys

import boto3

from . import ecr, ecr_public
from .drivers import DRIVERS

STORIES = {"ecr": (ecr.tell, "us-east-1"), "ecr-public": (ecr_public.tell, "us-east-1")}


def main(driver, service):
    tell, region = STORIES[service]
    call = DRIVERS[driver](service, region)
    tell(call, boto3.client("sts").get_caller_identity()["Account"])
    driven = sorted(call.succeeded | call.met)
    undriven = sorted(set(call.model.operation_names) - set(driven))
    assert not undriven, f"the story leaves out {undriven}"
    print(json.dumps(driven))


if __name__ == "__main__":
    main(*sys.argv[1:])
