from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import pytest

from docs.write_reference import reference
from orchestrator.base.shipped import examples, schema_of
from orchestrator.campaign import schemas
from orchestrator.describe.contacts import CornerContact, MaskContact
from orchestrator.describe.experiment import Experiment
from orchestrator.describe.schema import meanings, parts_of

ROOT = Path(__file__).parents[2]
FOLDERS = {"experiment": "experiments", "campaign": "campaigns"} | {
    "site": "sites",
    "search": "searches",
    "contacts": "transport",
}


def checker(kind):
    return jsonschema.Draft7Validator(schemas.schema_of(kind))


def wrong(kind, content):
    return [".".join(map(str, e.path)) for e in checker(kind).iter_errors(content)]


def test_shipped_files_fit_their_schemas_and_name_them():
    assert set(FOLDERS) == set(schemas.KINDS)
    for kind, folder in FOLDERS.items():
        check = checker(kind)
        check.check_schema(check.schema)
        assert examples(folder)
        for path in examples(folder).values():
            assert not list(check.iter_errors(tomllib.loads(path.read_text()))), path
            assert schema_of(path) == ROOT / "data" / "schemas" / f"{kind}.json"


def test_files_made_from_the_models_are_up_to_date():
    for path, text in reference().items():
        assert path.read_text() == text, f"{path.relative_to(ROOT)}: run `make reference`"


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_every_key_has_a_meaning(kind):
    def properties(schema):
        if isinstance(schema, dict):
            yield from schema.get("properties", {}).items()
        parts = schema.values() if isinstance(schema, dict) else schema
        for part in parts if isinstance(schema, dict | list) else ():
            yield from properties(part)

    found = list(properties(schemas.schema_of(kind)))
    assert len(found) > 10
    assert [key for key, entry in found if not entry["description"]] == []


def test_slips_are_where_they_were_made():
    content = tomllib.loads((ROOT / "data/experiments/quickstart.toml").read_text())
    assert wrong("experiment", content) == []
    content["film"]["cells"] = [100, 100]
    content["material"]["alhpa"] = 1
    content["training"]["waveform"] = "sine"
    content["contacts"][0]["size"] = "wide"
    named = {"film.cells", "material", "training.waveform", "contacts.0"}
    assert set(wrong("experiment", content)) == named
    campaign = {"base": content | {"film": {}}, "axes": [{"name": "V", "unti": "V"}]}
    assert set(wrong("campaign", campaign)) == {"base", "axes.0"}


def test_masks_are_files_and_digests_are_not_asked_for():
    definitions = schemas.schema_of("experiment")["definitions"]
    assert set(definitions["MaskContact"]["properties"]) == {
        *("name", "file", "face", "resistance", "shape")
    }
    assert set(definitions["MaskContact"]["required"]) == {"name", "file", "shape"}
    assert "m0_sha256" not in definitions["Start"]["properties"]
    assert definitions["Start"]["properties"]["settle_time"]["unit"] == "s"


def test_meanings_come_from_bases_too():
    assert meanings(CornerContact)["resistance"] == ("ohm", "Between terminal and film.")
    assert meanings(CornerContact)["size"] == ("m", "Edge of the square.")
    assert {CornerContact, MaskContact} <= parts_of(Experiment)
