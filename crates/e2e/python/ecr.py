"""Scenarios of the ECR API through boto3: `python ecr.py <scenario>`.

The environment names the server and the root key, as `wharfinger env` exports them. Each scenario
has the server to itself. A scenario that does not hold ends with a traceback.
"""

import sys

import images
import layers
import lifecycle_policies
import refusals
import repositories

if __name__ == "__main__":
    name = sys.argv[1]
    modules = [images, layers, lifecycle_policies, refusals, repositories]
    (scenario,) = [
        vars(module)[name] for module in modules
        if getattr(vars(module).get(name), "__module__", None) == module.__name__
    ]
    scenario()
