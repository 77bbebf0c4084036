"""Answers as they came over the wire, held against botocore's own output shapes.

botocore itself is lenient (it takes ISO times for numbers and drops members it does not know);
the SDKs of other languages are not, and neither is this.
"""

import base64
import numbers


class Violation(AssertionError):
    """An answer that the model does not allow."""


def check(shape, value, path="answer"):
    """Holds a JSON value against a shape; raises Violation at the first thing that is wrong."""
    CHECKS[shape.type_name](shape, value, path)


def expect(holds, path, what, value):
    if not holds:
        raise Violation(f"{path}: {what}, not {value!r}")


def structure(shape, value, path):
    expect(isinstance(value, dict), path, "an object", value)
    unknown = set(value) - set(shape.members)
    expect(not unknown, path, f"members of {shape.name} only", sorted(unknown))
    missing = set(shape.required_members) - set(value)
    expect(not missing, path, f"all required members of {shape.name}; it lacks", sorted(missing))
    for name, member in value.items():
        # What is absent is left out: typed SDKs tell null from absent.
        expect(member is not None, f"{path}.{name}", "a value", member)
        check(shape.members[name], member, f"{path}.{name}")


def listed(shape, value, path):
    expect(isinstance(value, list), path, "a list", value)
    for index, element in enumerate(value):
        check(shape.member, element, f"{path}[{index}]")


def mapped(shape, value, path):
    expect(isinstance(value, dict), path, "an object", value)
    for key, element in value.items():
        check(shape.key, key, f"{path} key")
        check(shape.value, element, f"{path}[{key!r}]")


def string(shape, value, path):
    expect(isinstance(value, str), path, "a text", value)
    if shape.enum:
        expect(value in shape.enum, path, f"one of {shape.enum}", value)


def number(_, value, path):
    expect(isinstance(value, numbers.Real) and not isinstance(value, bool), path, "a number", value)


def whole(_, value, path):
    expect(isinstance(value, int) and not isinstance(value, bool), path, "a whole number", value)


def truth(_, value, path):
    expect(isinstance(value, bool), path, "true or false", value)


def blob(_, value, path):
    expect(isinstance(value, str), path, "base64", value)
    base64.b64decode(value, validate=True)


CHECKS = {
    "structure": structure,
    "list": listed,
    "map": mapped,
    "string": string,
    "character": string,
    "integer": whole,
    "long": whole,
    "float": number,
    "double": number,
    "boolean": truth,
    "timestamp": number,
    "blob": blob,
}
