"""The part of JSON Schema that protocol/openrpc.json uses, and answers checked against it."""

import json
import re

import kit

TYPES = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}

# What says nothing about whether a value is valid.
NOTES = {"$schema", "$comment", "title", "description", "default", "examples", "deprecated", "format"}
KNOWN = NOTES | {"$ref", "type", "enum", "const", "properties", "required", "additionalProperties", "items",
                 "oneOf", "anyOf", "allOf", "minimum", "maximum", "minLength", "maxLength", "pattern",
                 "minItems", "maxItems", "propertyNames"}


class Document:
    """An OpenRPC document."""

    def __init__(self, path):
        self.root = json.loads(path.read_text())
        self.methods = {method["name"]: method for method in self.root["methods"]}

    def resolve(self, reference):
        value = self.root
        for key in reference.removeprefix("#/").split("/"):
            value = value[key.replace("~1", "/").replace("~0", "~")]
        return value

    def _scalar_problems(self, value, schema, where):
        wanted = schema.get("type")
        if wanted and not any(TYPES[name](value) for name in ([wanted] if isinstance(wanted, str) else wanted)):
            yield f"{where}: {value!r} is no {wanted}"
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is none of {schema['enum']}"
        if "const" in schema and value != schema["const"]:
            yield f"{where}: {value!r} is not {schema['const']!r}"
        if TYPES["number"](value) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{where}: {value!r} is out of range"
        if isinstance(value, str):
            if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
                yield f"{where}: {value!r} is too short or too long"
            if "pattern" in schema and not re.search(schema["pattern"], value):
                yield f"{where}: {value!r} does not match {schema['pattern']}"

    def _object_problems(self, value, schema, where):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}: no member {name}"
        for name, member in value.items():
            if name in properties:
                yield from self.problems(member, properties[name], f"{where}.{name}")
            elif others is False:
                yield f"{where}: the member {name} is not in the document"
            elif isinstance(others, dict):
                yield from self.problems(member, others, f"{where}.{name}")

    def _array_problems(self, value, schema, where):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{where}: {len(value)} elements"
        for index, element in enumerate(value):
            yield from self.problems(element, schema.get("items", {}), f"{where}[{index}]")

    def problems(self, value, schema, where):
        """What of value is not as the schema says, each in words."""
        if schema is True or schema == {}:
            return
        unknown = schema.keys() - KNOWN
        assert not unknown, f"{where}: this test does not know {unknown}"
        if "$ref" in schema:
            yield from self.problems(value, self.resolve(schema["$ref"]), where)
        for part in schema.get("allOf", []):
            yield from self.problems(value, part, where)
        for key in ("oneOf", "anyOf"):
            found = [list(self.problems(value, part, where)) for part in schema.get(key, [])]
            fitting = sum(not one for one in found)
            if found and not (fitting == 1 if key == "oneOf" else fitting):
                yield f"{where}: fits {fitting} of {key}: {found}"
        yield from self._scalar_problems(value, schema, where)
        if isinstance(value, dict):
            yield from self._object_problems(value, schema, where)
        if isinstance(value, list):
            yield from self._array_problems(value, schema, where)

    def request_problems(self, message):
        """The same for a request, whose params are by name."""
        method = self.methods[message["method"]]
        params = {param["name"]: param for param in map(self._deref, method["params"])}
        given = message.get("params", {})
        for name in given.keys() - params.keys():
            yield f"{message['method']}: the param {name} is not in the document"
        for name, param in params.items():
            if name in given:
                yield from self.problems(given[name], param["schema"], f"{message['method']}({name})")
            elif param.get("required"):
                yield f"{message['method']}: no param {name}"

    def answer_problems(self, method, answer):
        """The same for the answer to a request of that method."""
        if "error" not in answer:
            yield from self.problems(answer["result"], self._deref(self.methods[method]["result"])["schema"], method)
            return
        codes = {error["code"] for error in map(self._deref, self.methods[method].get("errors", []))}
        if answer["error"]["code"] not in codes:
            yield f"{method}: the error {answer['error']} is not in the document"

    def _deref(self, value):
        return self.resolve(value["$ref"]) if "$ref" in value else value


class Checked(kit.Connection):
    """A connection whose requests and answers all have to be as the document says."""

    def __init__(self, workspace, document):
        super().__init__(workspace)
        self.document = document
        self.seen = set()  # methods that answered with a result

    def call(self, method, **params):
        problems = list(self.document.request_problems({"method": method, "params": params}))
        answer = super().call(method, **params)
        problems += self.document.answer_problems(method, answer)
        if problems:
            raise AssertionError(f"{problems} in {json.dumps(answer)[:2000]}")
        if "result" in answer:
            self.seen.add(method)
        return answer
