"""Whatever is sent to whichever operation, the site answers as its document says."""

from __future__ import annotations

from datetime import timedelta

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from appliance.api.app import PREFIX, create_app
from appliance.api.limits import Rate
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.access import Right
from tests.appliance.people import ME, PASSWORD, cheap_access
from tests.appliance.pipelines.sites import FLEET, bring, next_day, open_site, plant

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@schemathesis.serializer(
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.stream",
    "text/calendar",
)
def as_it_is(context, value):
    """Send what was made up as a file would be."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """Open a site whose fleet has a champion, scores and events, asked by its admin."""
    site = open_site(tmp_path_factory.mktemp("fuzz") / "home")
    site.access = cheap_access(site)
    site.access.users.add(ME, "root", PASSWORD, admin=True)
    site.access.users.add(ME, "erika", PASSWORD)
    bring(site, plant(432), "training")
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    bring(site, next_day(), "next")
    score(site, FLEET)
    yield site
    site.close()


@pytest.fixture(scope="module")
def api(busy):
    app = create_app(busy)
    app.state.rate = Rate(1e6, 1e6, public_per_second=1e6, public_burst=1e6)
    made = busy.access.tokens.create(
        ME, "root", "fuzz", list(Right), lifetime=timedelta(days=1)
    )
    schema = schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", app)
    schema.config.headers = {"Authorization": f"Bearer {made.secret}"}
    return schema


schema = schemathesis.pytest.from_fixture("api")


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_is_too_much(case):
    case.call_and_validate(checks=CHECKS)
