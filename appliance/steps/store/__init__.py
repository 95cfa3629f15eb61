"""Registered code and own pipelines, as the database keeps them."""

from appliance.steps.store.code import CodeStore
from appliance.steps.store.pipelines import PipelineStore

__all__ = ["CodeStore", "PipelineStore"]
