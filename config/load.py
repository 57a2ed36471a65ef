"""A directory of YAML and the environment → a `Config`, or every problem at once with file, line and remedy.

leadline.yaml   Settings            alerts.yaml   Alerting
defaults.yaml   under every integration            any other *.yaml   one Integration
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from config import version
from config.checks import Context
from config.checks.across import across_findings
from config.checks.addresses import address_findings
from config.checks.alerting import alerting_findings, settings_findings
from config.checks.changes import change_findings
from config.checks.environments import mixed_findings
from config.checks.flows import flow_findings
from config.checks.kept import state_findings
from config.checks.limits import limit_findings
from config.checks.maintenance import maintenance_findings
from config.checks.objectives import kept_findings, objective_findings
from config.checks.options import kind_findings
from config.checks.plaintext import plaintext_findings
from config.checks.routes import everything_matchable, route_findings
from config.checks.rules import reachable_findings
from config.checks.sign_in import public_findings, sign_in_findings
from config.checks.status_pages import status_page_findings
from config.checks.steps import step_findings
from config.checks.wires import wire_findings
from config.checks.workflows import workflow_findings
from config.defaults import Defaults, merged, with_texts
from config.expansion import expanded, item_findings
from config.model import Alerting, Config, Integration, Settings
from config.plugins import Plugins
from config.problems import ConfigError, Finding, Problem, did_you_mean, parse_dotted
from config.pydantic_errors import findings
from config.references import reference_findings, variable_findings
from config.schema_files import SchemaFiles
from config.sent_files import SentFiles
from config.targets import with_targets
from config.yaml_source import Document, read
from config.zones import is_time_zone

__all__ = ["ConfigError", "Plugins", "Problem", "load"]

SETTINGS: Final = "leadline.yaml"
ALERTS: Final = "alerts.yaml"
DEFAULTS: Final = "defaults.yaml"

Declared = TypeVar("Declared", bound=BaseModel)


def load(
    root: Path, environ: Mapping[str, str], *, plugins: Plugins | None = None, require_secrets: bool = True
) -> Config:
    """Reads and checks the directory `root`; raises `ConfigError` with every problem found.

    `require_secrets=False` accepts references that lead to nothing on this machine, as a hub or an editor may see them.
    """
    return _Loading(root, environ, plugins or Plugins(), require_secrets).config()


@dataclass
class _Loading:
    """One load: gathers documents, models and problems."""

    root: Path
    environ: Mapping[str, str]
    plugins: Plugins
    require_secrets: bool
    problems: list[Problem] = field(default_factory=list)
    all_read: bool = True

    def config(self) -> Config:
        files = self._files()
        documents = self._documents(files)
        settings_file = documents.pop(SETTINGS, self._absent(SETTINGS))
        settings = self._checked(settings_file, Settings, settings_findings(settings_file.value))
        self._add(settings_file, sign_in_findings(settings_file.value))
        alerts_file = documents.pop(ALERTS, self._absent(ALERTS))
        alerts_found = alerting_findings(alerts_file.value, self.plugins, self.environ)
        alerting = self._checked(alerts_file, Alerting, alerts_found)
        defaults = self._defaults(documents.pop(DEFAULTS, self._absent(DEFAULTS)))
        self._require_one_of(files)
        regions = _region_names(settings) if self.all_read and settings is not None else None
        context = Context(self.environ, self.plugins, SchemaFiles(self.root), regions, SentFiles(self.root))
        integration_files = self._expanded([merged(own, defaults) for own in documents.values()])
        integrations = self._integrations(integration_files, context)
        for document, finding in mixed_findings(integration_files, self.plugins):
            self._add(document, [finding])
        if self.all_read:
            everything = [file.value for file in integration_files]
            self._alerts(alerts_file, everything, settings)
            for file in integration_files:
                self._add(file, across_findings(file.value, everything))
            self._promises(settings_file, settings, integration_files)
        if self.problems or settings is None or alerting is None:
            raise ConfigError(self.problems)
        return _versioned(
            Config(
                root=self.root.resolve(),
                version="",
                integrations=tuple(integrations),
                alerting=alerting,
                settings=settings,
                schemas=context.schemas.loaded,
                files=context.files.loaded,
            )
        )

    def _alerts(self, alerts_file: Document, everything: list[dict[str, Any]], settings: Settings | None) -> None:
        """Who would hear of all that there is, and who would not."""
        alerting = alerts_file.value
        known = everything_matchable(alerting, everything, settings)
        zone = settings.hub.timezone if settings and is_time_zone(settings.hub.timezone) else "UTC"
        self._add(alerts_file, route_findings(alerting, everything, known, zone))
        self._add(alerts_file, reachable_findings(alerting, everything, known))
        self._add(alerts_file, maintenance_findings(alerting, known, zone, self.root))

    def _promises(self, settings_file: Document, settings: Settings | None, integrations: list[Document]) -> None:
        """What is promised of flows, and over longer than anything is kept."""
        if settings is None:
            return
        everything = [file.value for file in integrations]
        self._add(settings_file, flow_findings(settings_file.value, everything, settings.retention))
        self._add(settings_file, public_findings(settings_file.value, everything))
        for check in self.plugins.settings_checks:
            self._add(settings_file, ((parse_dotted(path), message) for path, message in check(settings)))
        for file in integrations:
            self._add(file, kept_findings(file.value, settings.retention))

    def _require_one_of(self, files: list[Path]) -> None:
        if not {file.name for file in files} - {SETTINGS, ALERTS, DEFAULTS}:
            remedy = f"write one, or start from the examples of `leadline init {self.root}`"
            self.problems.append(Problem(str(self.root), 0, "", f"no integration file here; {remedy}"))

    def _absent(self, name: str) -> Document:
        return Document(str(self.root / name), {}, {})

    def _documents(self, files: list[Path]) -> dict[str, Document]:
        """Every YAML file that could be read, by name, references to files made absolute."""
        documents = {}
        for file in files:
            document, problems = read(file, str(self.root / file.name))
            self.problems += problems
            if document.value or not problems:
                documents[file.name] = with_texts(document, self._absolute)
            else:
                self.all_read = False
        return documents

    def _files(self) -> list[Path]:
        remedy = f"`leadline init {self.root}` writes a starter set there"
        if not self.root.is_dir():
            what = "is a file, not a directory" if self.root.exists() else "does not exist"
            raise ConfigError([Problem(str(self.root), 0, "", f"the configuration directory {what}; {remedy}")])
        files = sorted(path for path in self.root.iterdir() if path.is_file() and not path.name.startswith("."))
        for path in files:
            if path.suffix == ".yml":
                message = f"is not read: only *.yaml files are; rename it to {path.stem}.yaml"
                self.problems.append(Problem(str(self.root / path.name), 0, "", message))
        found = [path for path in files if path.suffix == ".yaml"]
        if not found and not self.problems:
            raise ConfigError([Problem(str(self.root), 0, "", f"no *.yaml file in this directory; {remedy}")])
        return found

    def _absolute(self, text: str) -> str:
        """`${file:…}` as seen from the configuration directory, so that it holds wherever the prober is started."""
        return version.absolute_references(text, self.root.resolve())

    def _checked(self, document: Document, model: type[Declared], found: Iterable[Finding]) -> Declared | None:
        """Adds the problems of a document; the model, or None where it does not fit."""
        result, mistakes = _validated(model, document.value)
        references = reference_findings(document.value, self.environ, required=self.require_secrets)
        self._add(document, [*mistakes, *found, *references])
        return result

    def _add(self, document: Document, found: Iterable[Finding]) -> None:
        """Not where something was said before: what the reader or the defaults' own check said is enough."""
        said = {(problem.file, problem.line, problem.path) for problem in self.problems}
        for path, message in found:
            problem = document.problem(path, message)
            if (problem.file, problem.line, problem.path) not in said:
                self.problems.append(problem)

    def _defaults(self, document: Document) -> Document:
        """The defaults without the keys that they may not hold, each of which is a problem here, once."""
        self._checked(document, Defaults, ())
        known = {key: value for key, value in document.value.items() if key in Defaults.model_fields}
        return Document(document.file, known, document.places)

    def _expanded(self, documents: list[Document]) -> list[Document]:
        """Every integration with each `for_each` and the static targets written out."""
        for document in documents:
            self._add(document, item_findings(document.value))
        return [with_targets(one) for document in documents for one in expanded(document)]

    def _integrations(self, documents: list[Document], context: Context) -> list[Integration]:
        good = []
        names: dict[str, str] = {}
        for document in documents:
            integration = self._checked(document, Integration, _integration_findings(document.value, context))
            name = document.value.get("integration")
            if isinstance(name, str) and name in names:
                message = f'a second integration "{name}" (the first is in {names[name]}); names must be unique'
                self._add(document, [(("integration",), message)])
            names.setdefault(str(name), document.file)
            if integration is not None:
                self._add(document, _plugged(integration, self.plugins))
                good.append(_with_absolute_files(integration, self.root.resolve()))
        return good


def _validated(model: type[Declared], value: Mapping[str, Any]) -> tuple[Declared | None, list[Finding]]:
    try:
        return model.model_validate(value), []
    except ValidationError as err:
        return None, list(findings(err, model, value))


def _integration_findings(value: Mapping[str, Any], context: Context) -> Iterable[Finding]:
    yield from _vendor_findings(value, context.plugins)
    yield from status_page_findings(value, context.plugins)
    yield from address_findings(value, context)
    yield from plaintext_findings(value)
    yield from wire_findings(value, context)
    yield from objective_findings(value)
    yield from limit_findings(value)
    yield from workflow_findings(value, context)
    yield from step_findings(value, context)
    yield from state_findings(value)
    yield from change_findings(value)
    yield from variable_findings(value)
    auth = value.get("auth")
    if isinstance(auth, dict):
        plugins = context.plugins
        yield from kind_findings(auth, ("auth",), plugins.auth, context.environ, refused=plugins.refused_auth)


def _vendor_findings(value: Mapping[str, Any], plugins: Plugins) -> Iterable[Finding]:
    vendor = value.get("vendor")
    if plugins.vendors and isinstance(vendor, str) and vendor not in plugins.vendors:
        hint = did_you_mean(vendor, plugins.vendors, label="vendors")
        yield ("vendor",), f'unknown vendor "{vendor}" {hint}; "generic" fits any'


def _plugged(integration: Integration, plugins: Plugins) -> Iterable[Finding]:
    for check in plugins.checks:
        for path, message in check(integration):
            yield parse_dotted(path), message


def _with_absolute_files(integration: Integration, root: Path) -> Integration:
    """Paths of TLS files as seen from the configuration directory."""
    tls = integration.tls
    written = {key: getattr(tls, key) for key in ("ca_file", "client_certificate", "client_key")}
    update = {key: str(root / path) for key, path in written.items() if path is not None and "${" not in path}
    return integration.model_copy(update={"tls": tls.model_copy(update=update)}) if update else integration


def _region_names(settings: Settings) -> frozenset[str]:
    return frozenset(region.name for region in settings.regions)


def _versioned(config: Config) -> Config:
    return config.model_copy(update={"version": version.of(config)})
