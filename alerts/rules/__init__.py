"""The rules, one file each, in the order in which they see one another's findings."""

from __future__ import annotations

from typing import Final

from alerts.model import Rule
from alerts.rules import (
    api_lifecycle,
    burn_rate,
    certificate_expiring,
    channel_broken,
    credential_due,
    hub_overloaded,
    no_data,
    prober_silent,
    quota_forecast,
    quota_low,
    recorded_value,
    region_down,
    shape_drift,
    storm,
    threshold,
    throttled,
    unstable,
    unusual,
    workflow_down,
)
from alerts.scene import RuleKind

RULES: Final[dict[Rule, RuleKind]] = {
    Rule.REGION_DOWN: region_down.RULE,
    Rule.WORKFLOW_DOWN: workflow_down.RULE,
    Rule.BURN_RATE: burn_rate.RULE,
    Rule.STORM: storm.RULE,
    Rule.THRESHOLD: threshold.RULE,
    Rule.UNUSUAL: unusual.RULE,
    Rule.UNSTABLE: unstable.RULE,
    Rule.THROTTLED: throttled.RULE,
    Rule.QUOTA_FORECAST: quota_forecast.RULE,
    Rule.QUOTA_LOW: quota_low.RULE,
    Rule.RECORDED_VALUE: recorded_value.RULE,
    Rule.PROBER_SILENT: prober_silent.RULE,
    Rule.NO_DATA: no_data.RULE,
    Rule.CHANNEL_BROKEN: channel_broken.RULE,
    Rule.HUB_OVERLOADED: hub_overloaded.RULE,
    Rule.SHAPE_DRIFT: shape_drift.RULE,
    Rule.API_LIFECYCLE: api_lifecycle.RULE,
    Rule.CREDENTIAL_DUE: credential_due.RULE,
    Rule.CERTIFICATE_EXPIRING: certificate_expiring.RULE,
}
"""A region without a network comes first: it silences what its integrations seem to say. An outage comes before what it
brings with it, a storm after the outages that it consists of. A forecast of a bucket says more than that it is low, and
a silent prober more than that a workflow is: the latter come after them."""
