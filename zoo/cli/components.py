"""`zoo list`, `zoo show` and `zoo schema`: the installed components and how a spec writes them."""

from json import dumps
from typing import Annotated, Any

import typer
from zoo_registry import ROLES, Registry
from zoo_registry.explain import unknown
from zoo_registry.sweep import SweepSpec

from zoo.cli.describe import describe, summary
from zoo.cli.tables import print_facts, print_json, print_table, print_title
from zoo.process.lines import print_line

Bundle = Annotated[
    str,
    typer.Argument(
        help="Folder of a bundle or of a run, the name of a model, or hf://owner/name on a hub.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def list_kinds(
    role: Annotated[
        str | None, typer.Argument(metavar="ROLE", help=f"Show one role: {', '.join(ROLES)}.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """List the installed components, and the plugins that are broken."""
    if role is not None and role not in ROLES:
        raise unknown("role", f"one of {', '.join(ROLES)}", role, list(ROLES), "`zoo list` shows every role")
    registry = Registry.discover()
    roles = [role] if role else list(ROLES)
    versions = registry.plugins()
    found = [summary(registry.find(kind), versions) for role in roles for kind in registry.kinds(role)]
    broken = {name: str(error) for name, error in sorted(registry.failures.items())}
    if json:
        print_json({"components": found, "broken": broken})
        return
    rows = [(part["kind"], part["role"], part["version"], part["summary"]) for part in found]
    print_table(["kind", "role", "version", "what it is"], rows)
    if broken:
        print_title("Broken plugins")
        print_table(["plugin", "reason"], list(broken.items()))


def show(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Kind of a component, such as vqshape.encoder.")],
    json: Json = False,
) -> None:
    """Show one component: what it reads and returns, its fields with bounds, defaults and units."""
    registry = Registry.discover()
    found = describe(registry.find(kind), registry.plugins())
    if json:
        print_json(found)
        return
    for line in [*str(found["doc"]).splitlines(), ""]:
        print_line(line)
    facts = [("kind", found["kind"]), ("role", found["role"]), ("reads", found["reads"]), ("returns", found["returns"])]
    facts += [(f"attribute {one['name']}", f"{one['meaning']} ({one['unit']})") for one in found["attributes"]]
    facts += [(f"term {name}", sentence) for name, sentence in found["terms"].items()]
    facts += [("plugin", f"{found['plugin']} {found['version']}")]
    print_facts(facts)
    if found["fields"]:
        print_title("Fields")
        rows = [(f["name"], f["type"], _default(f), f["description"]) for f in found["fields"]]
        print_table(["field", "type", "default", "meaning"], rows)


def _default(field: dict[str, Any]) -> str:
    return dumps(field["default"]) if "default" in field else "required"


def schema(
    what: Annotated[str, typer.Argument(metavar="SPEC", help="Spec to describe: model, run or sweep.")] = "model",
) -> None:
    """Print the JSON schema of spec files over all installed components, for editors and programs."""
    known = ["model", "run", "sweep"]
    if what not in known:
        raise unknown("schema", "model, run or sweep", what, known, "`zoo schema run` describes a run")
    if what == "sweep":
        print_json(SweepSpec.model_json_schema(by_alias=True))
        return
    registry = Registry.discover()
    print_json(registry.schema(what))
    for name, error in sorted(registry.failures.items()):
        print_line(f"zoo: note: left out plugin {name}: {error}", error=True)
