"""The fault tests use the fixtures and the harness of the integration tests."""

import importlib.util
import pathlib

_path = pathlib.Path(__file__).resolve().parents[1] / "integration" / "conftest.py"
_spec = importlib.util.spec_from_file_location("integration_fixtures", _path)
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)

sluice = _fixtures.sluice
tmp_workspace = _fixtures.tmp_workspace
pg = _fixtures.pg
mariadb = _fixtures.mariadb
daemons = _fixtures.daemons
