"""What polyak prints with --json, checked against its schema."""
import json

import jsonschema

from polyak_runner import REPOSITORY, run


def _refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def checked(text, schema_name):
    """The document in `text`, which must be JSON on lines that end and follow the schema."""
    assert text.endswith("}\n"), text[-100:]
    document = json.loads(text, parse_constant=_refuse)
    schema = json.loads((REPOSITORY / "schema" / f"{schema_name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def inspected(path, *options):
    result = run("inspect", path, "--json", *options)
    assert result.status == 0 and result.stderr == "", result
    return checked(result.stdout, "inspect")


def compared(a, b, *options):
    """The exit status and the document."""
    result = run("diff", a, b, "--json", *options)
    return result.status, checked(result.stdout, "diff")


def by_name(document):
    return {tensor["name"]: tensor for tensor in document["tensors"]}
