"""The clients that tell the story: boto3, and the aws command line.

Both are watched below their parsers: what is judged is the body as it came over the wire.
"""

import contextlib
import io
import json

import boto3
from awscli.clidriver import create_clidriver
from botocore import xform_name
from botocore.config import Config

from .shapes import Violation, check


class Driver:
    """Calls operations by name, and judges every answer."""

    def __init__(self, service):
        self.service = service
        self.answers = []
        # Operations that succeeded, and those that answered an error of their own.
        self.succeeded = set()
        self.met = set()

    def watch(self, events):
        events.register(f"response-received.{self.service}", self.received)

    def received(self, response_dict=None, **_):
        if response_dict is not None:
            self.answers.append((response_dict["status_code"], response_dict["headers"],
                                 response_dict["body"]))

    def __call__(self, operation, **members):
        """Calls what must succeed; answers the body of the (last) answer."""
        self.answers.clear()
        self.send(operation, members)
        model = self.model.operation_model(operation)
        for status, headers, body in self.answers:
            answer = json.loads(body)
            if status != 200:
                raise AssertionError(f"{operation} {members}: {status} {answer}")
            if headers.get("content-type") != "application/x-amz-json-1.1":
                raise Violation(f"{operation}: {headers}")
            check(model.output_shape, answer, operation)
        self.succeeded.add(operation)
        return json.loads(self.answers[-1][2])

    def refused(self, code, operation, **members):
        """Calls what must fail with this error; answers its body."""
        self.answers.clear()
        self.send(operation, members)
        status, _, body = self.answers[-1]
        answer = json.loads(body)
        found = answer.get("__type")
        if found != code or status != 400:
            raise AssertionError(f"{operation} {members}: {code} expected: {status} {answer}")
        if not answer.get("message"):
            raise Violation(f"{operation}: an error without a message: {answer}")
        shapes = {shape.name: shape for shape in self.model.error_shapes}
        if code in shapes:
            told = {shape.name for shape in self.model.operation_model(operation).error_shapes}
            if code not in told:
                raise Violation(f"{operation} has no error {code} in the model")
            answer.pop("__type")
            check(shapes[code], answer, code)
            self.met.add(operation)
        return answer


class Boto3(Driver):
    """boto3, without retries and without validation of its own."""

    def __init__(self, service, region):
        super().__init__(service)
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        self.client = boto3.client(service, region_name=region, config=config)
        self.model = self.client.meta.service_model
        self.watch(self.client.meta.events)

    def send(self, operation, members):
        with contextlib.suppress(self.client.exceptions.ClientError):
            getattr(self.client, xform_name(operation))(**members)

    def wait(self, waiter, **members):
        config = {"Delay": 1, "MaxAttempts": 30}
        self.client.get_waiter(waiter).wait(WaiterConfig=config, **members)


class AwsCli(Driver):
    """The aws command line, in this process: what `aws ecr …` runs."""

    def __init__(self, service, region):
        super().__init__(service)
        self.region = region
        self.driver = create_clidriver()
        self.model = self.driver.session.get_service_model(service)
        self.watch(self.driver.session)

    def send(self, operation, members):
        texts = json.dumps(members, default=lambda blob: blob.decode("ascii"))
        self.run(xform_name(operation, "-"), "--no-paginate", "--cli-input-json", texts)

    def run(self, *words):
        command = [self.service, *words, "--region", self.region, "--output", "json"]
        printed, said = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            try:
                status = self.driver.main(command)
            except SystemExit as refused:
                status = refused.code
        if not self.answers:
            raise AssertionError(f"{command} did not reach the server: {said.getvalue()}")
        if status == 0 and printed.getvalue().strip():
            json.loads(printed.getvalue())
        if (status == 0) != (self.answers[-1][0] == 200):
            raise AssertionError(f"{command} ended with {status}: {said.getvalue()}")

    def wait(self, waiter, **members):
        options = []
        for name, value in members.items():
            options += ["--" + xform_name(name, "-"), value]
        self.run("wait", waiter.replace("_", "-"), *options)


DRIVERS = {"boto3": Boto3, "aws-cli": AwsCli}
